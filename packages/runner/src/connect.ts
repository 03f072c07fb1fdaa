import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { LOG_NAME, SOCKET_NAME } from './serve/state-folder.ts';

export interface ConnectOptions {
  /** Absolute path. */
  state: string;
  /** Command line of a `serve`, started when none runs; null to fail then. */
  serveCommand: readonly [string, ...string[]] | null;
  /** How long a new `serve` may take until it can be reached, in milliseconds. */
  startMs: number;
}

const LOG_BYTES = 1024 * 1024;
const RETRY_MS = 20;
const RESTART_MS = 500;
/** What is still on its way out when one side ended, in milliseconds. */
const DRAIN_MS = 5_000;

/**
 * Bridges stdin and stdout to the runner of a state folder, and resolves when one of them ends.
 *
 * @throws AgentServerError `timeout`, or `connection_lost` when the runner could not be started
 */
export async function connect(options: ConnectOptions): Promise<void> {
  mkdirSync(options.state, { recursive: true, mode: 0o700 });
  // A socket's address holds about 100 bytes: by its name in this folder it always fits.
  process.chdir(options.state);
  const socket = await reach(options);
  socket.on('error', () => {});
  process.stdout.on('error', () => socket.destroy());
  process.stdin.on('error', () => socket.end());
  process.stdin.pipe(socket);
  socket.pipe(process.stdout, { end: false });
  await once(socket, 'close');
  process.stdin.destroy();
  await Promise.race([
    new Promise<void>((resolve) => process.stdout.write('', () => resolve())),
    wait(DRAIN_MS, undefined, { ref: false }),
  ]);
}

async function reach(options: ConnectOptions): Promise<Socket> {
  const first = await open();
  if (first) return first;
  if (!options.serveCommand) {
    throw new AgentServerError(
      'connection_lost',
      `no runner serves ${options.state}; give --workspace, --home and --session to start one`,
    );
  }
  let server = start(options.serveCommand);
  for (const deadline = Date.now() + options.startMs; Date.now() < deadline; ) {
    const socket = await open();
    if (socket) return socket;
    const exit = server.exit();
    if (exit && exit !== 'ended with 0') {
      throw new AgentServerError(
        'connection_lost',
        `the runner could not be started: ${exit}; see ${options.state}/${LOG_NAME}`,
      );
    }
    // Another runner serves, but cannot be reached: it is about to begin, or to end, and then this one is needed.
    if (exit && Date.now() - server.startedAt > RESTART_MS) server = start(options.serveCommand);
    await wait(RETRY_MS);
  }
  throw new AgentServerError(
    'timeout',
    `the runner could not be reached within ${options.startMs} ms; see ${options.state}/${LOG_NAME}`,
  );
}

/** Undefined when nobody listens. */
function open(): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ path: SOCKET_NAME });
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const nobody = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EAGAIN'].includes(error.code ?? '');
      if (nobody) resolve(undefined);
      else reject(error);
    });
  });
}

interface StartedServer {
  readonly startedAt: number;
  /** How it ended, once it has. */
  exit(): string | undefined;
}

/** Starts a runner of its own session, which outlives this process. */
function start([program, ...args]: readonly [string, ...string[]]): StartedServer {
  const size = statSync(LOG_NAME, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES) renameSync(LOG_NAME, `${LOG_NAME}.1`);
  const log = openSync(LOG_NAME, 'a', 0o600);
  let exit: string | undefined;
  try {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log] });
    child.once('error', (error) => {
      exit = error.message;
    });
    child.once('exit', (code, signal) => {
      exit = `ended with ${signal ?? code}`;
    });
    child.unref();
  } finally {
    closeSync(log);
  }
  return { startedAt: Date.now(), exit: () => exit };
}
