import { Buffer } from 'node:buffer';
import type { ExecOptions, Sandbox, SandboxExit, SandboxProcess } from '@hhopkins/agent-core';

/** What a program left when it had ended. */
export interface Finished {
  stdout: Buffer;
  stderr: Buffer;
  exit: SandboxExit;
}

/** Runs JavaScript with the sandbox's Node.js, the one program that every sandbox has. */
export function startScript(
  sandbox: Sandbox,
  script: string,
  parameters: readonly string[] = [],
  options?: ExecOptions,
): Promise<SandboxProcess> {
  return sandbox.exec([sandbox.layout.node, '-e', script, '--', ...parameters], options);
}

/** Runs JavaScript to its end. `input` is all of its stdin. */
export async function runScript(
  sandbox: Sandbox,
  script: string,
  parameters: readonly string[] = [],
  options: ExecOptions & { input?: Uint8Array } = {},
): Promise<Finished> {
  const { input, ...execution } = options;
  return finish(await startScript(sandbox, script, parameters, execution), input);
}

/** Feeds a program, closes its stdin and reads both outputs to their end. */
export async function finish(process: SandboxProcess, input?: Uint8Array): Promise<Finished> {
  const fed = (async () => {
    if (input) await process.stdin.write(input);
    await process.stdin.close();
  })();
  const [stdout, stderr, exit] = await Promise.all([
    collect(process.stdout),
    collect(process.stderr),
    process.exit,
    fed,
  ]);
  return { stdout, stderr, exit };
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Reads a stream piece by piece. */
export function reader(stream: AsyncIterable<Uint8Array>) {
  const iterator = stream[Symbol.asyncIterator]();
  let text = '';
  return {
    /** All that was read once it contains `wanted`. */
    async until(wanted: string): Promise<string> {
      while (!text.includes(wanted)) {
        const { done, value } = await iterator.next();
        if (done)
          throw new Error(`The output ended before ${JSON.stringify(wanted)}: ${JSON.stringify(text)}`);
        text += Buffer.from(value).toString();
      }
      return text;
    },
  };
}

/** Writes far more than any buffer on the way holds. */
export async function flood(process: SandboxProcess): Promise<void> {
  for (let count = 0; count < 1000; count += 1) await process.stdin.write(Buffer.alloc(65_536));
}

/** Resolves when a file exists in the sandbox; the deadline is the case's. */
export async function untilFile(sandbox: Sandbox, path: string): Promise<void> {
  const script = `const fs = require('node:fs');
    const look = () => fs.existsSync(process.argv[1]) ? process.exit(0) : setTimeout(look, 10);
    look();`;
  await runScript(sandbox, script, [path]);
}
