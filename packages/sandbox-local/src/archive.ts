import type { Sandbox, SandboxProcess } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';

const MAXIMUM_MESSAGE_BYTES = 4096;

/*
 * Archives are packed and unpacked by the `tar` program inside the sandbox, with the sandbox's own rights: hostile names
 * and links in them can reach what its processes could reach anyway, and nothing of the host.
 */

/** The environment of the tools: nothing of the sandbox's own may change what they do. */
const TOOLS = { PATH: '/usr/local/bin:/usr/bin:/bin', TAR_OPTIONS: '', LC_ALL: 'C' };

export async function unpackInto(exec: Sandbox['exec'], path: string, tar: Uint8Array): Promise<void> {
  const made = await run(exec, ['mkdir', '-p', '--', path]);
  if (made.code !== 0) {
    throw new AgentServerError('invalid_request', `putTar: ${path} cannot be a folder: ${made.message}`);
  }
  // Owner is the user of the sandbox, modes are as in the archive.
  const unpacked = await run(exec, ['tar', '-x', '-o', '-p', '-f', '-', '-C', path], { input: tar });
  if (unpacked.code !== 0) {
    throw new AgentServerError(
      'invalid_request',
      `putTar: the archive could not be unpacked into ${path} as a whole: ${unpacked.message}`,
    );
  }
}

export async function packFrom(
  exec: Sandbox['exec'],
  path: string,
  maximumBytes: number,
): Promise<Uint8Array> {
  const found = await run(exec, ['test', '-d', path]);
  if (found.code !== 0) throw new AgentServerError('file_not_found', `getTar: there is no folder ${path}.`);
  const packed = await run(exec, ['tar', '-c', '-f', '-', '-C', path, '.'], { maximumBytes });
  // 1 says that files changed while they were read, which is for the caller to know.
  if (packed.code !== 0 && packed.code !== 1) {
    throw new AgentServerError('internal', `getTar: ${path} could not be packed: ${packed.message}`);
  }
  return packed.output;
}

async function run(
  exec: Sandbox['exec'],
  argv: readonly [string, ...string[]],
  { input, maximumBytes = 0 }: { input?: Uint8Array; maximumBytes?: number } = {},
): Promise<{ code: number | null; output: Uint8Array; message: string }> {
  const process = await exec(argv, { cwd: '/', environment: TOOLS });
  const fed = feed(process, input);
  const [output, errors] = await Promise.all([
    collect(process.stdout, maximumBytes, () => {
      throw new AgentServerError('payload_too_large', `${argv[0]} gave more than ${maximumBytes} bytes.`);
    }),
    collect(process.stderr, MAXIMUM_MESSAGE_BYTES, () => {}),
  ]).catch((error) => {
    process.detach();
    throw error;
  });
  const exit = await process.exit;
  await fed;
  if (exit.reason === 'lost' || exit.reason === 'terminated') {
    throw new AgentServerError('sandbox_lost', `The sandbox ended while ${argv[0]} ran in it.`);
  }
  return { code: exit.code, output, message: Buffer.from(errors).toString().trim() || exit.reason };
}

async function feed(process: SandboxProcess, input: Uint8Array | undefined): Promise<void> {
  try {
    if (input) await process.stdin.write(input);
    await process.stdin.close();
  } catch {
    // The program ended before it had read everything; its exit and its stderr say why.
  }
}

async function collect(
  source: AsyncIterable<Uint8Array>,
  maximumBytes: number,
  onExcess: () => void,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    if (size + chunk.length > maximumBytes) {
      onExcess();
      continue;
    }
    size += chunk.length;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
