import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { within } from './deadline.ts';

const root = join(import.meta.dirname, '../../..');
const PROGRAMS = {
  /** What `pnpm start` runs. */
  reference: join(root, 'apps/server/src/main.ts'),
  scenario: join(import.meta.dirname, 'server-program.ts'),
};
const LISTENING = /is listening on (http:\/\/\S+)/;

export interface ServerOptions {
  program?: keyof typeof PROGRAMS | { file: string };
  /** Settings; those of the test run itself do not reach the server. */
  environment: Readonly<Record<string, string | undefined>>;
  /** A command line that becomes the server's. */
  wrapper?: readonly string[] | undefined;
}

/** How a process ended. */
export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A server as a process of its own. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** All that it printed so far, both streams. */
  output(): string;
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ending>;
  readonly ended: Promise<Ending>;
}

/** Starts a server on a free port and waits until it listens. Rejects with what it printed when it does not. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const { child, output, ended } = launch(options);
  const listening = new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const [, url] = LISTENING.exec(output()) ?? [];
      if (url) resolve(url);
    });
    void ended.then(({ code }) => reject(new Error(`the server ended with ${code}:\n${output()}`)));
  });
  const url = await within('the server listens', listening, { detail: output }).catch((error) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    url,
    pid: child.pid as number,
    output,
    ended,
    end(signal) {
      child.kill(signal);
      return within(`the server ends by ${signal}`, ended, { detail: output });
    },
  };
}

/** Runs a server that is expected not to start: how it ended and what it printed. */
export async function startFailing(options: ServerOptions): Promise<Ending & { output: string }> {
  const { child, output, ended } = launch(options);
  try {
    return { ...(await within('the server refuses to start', ended, { detail: output })), output: output() };
  } finally {
    child.kill('SIGKILL');
  }
}

function launch({ program = 'scenario', environment, wrapper = [] }: ServerOptions) {
  const { PATH, HOME, TMPDIR } = process.env;
  const file = typeof program === 'string' ? PROGRAMS[program] : program.file;
  const line = [...wrapper, process.execPath, '--conditions=@hhopkins/source', file];
  const child: ChildProcess = spawn(line[0] as string, line.slice(1), {
    cwd: root,
    env: { PATH, HOME, TMPDIR, PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
    });
  }
  const ended = new Promise<Ending>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return { child, output: () => printed, ended };
}
