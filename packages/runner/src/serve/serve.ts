import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { withDeadline } from '../deadline.ts';
import { acquireLock } from '../lock.ts';
import { DEADLINES, type RunnerSettings } from '../settings.ts';
import { type Connection, serveConnection } from './connection.ts';
import { createLog } from './log.ts';
import { createOrphanWatch } from './orphan-watch.ts';
import { openRunner } from './runner.ts';
import { SOCKET_NAME } from './state-folder.ts';

export interface ServeOptions {
  /** Absolute paths. */
  state: string;
  workspace: string;
  home: string;
  sessionId: string;
  settings: RunnerSettings;
}

/** Connections at once, a count. */
const MOST_CONNECTIONS = 32;

/**
 * Serves a session until a signal ends it, or nobody has attended it for too long.
 *
 * @returns the exit code; 0 also when another runner serves the state folder
 */
export async function serve(options: ServeOptions): Promise<number> {
  const log = createLog();
  await mkdir(options.state, { recursive: true, mode: 0o700 });
  // The socket is reached by its name in this folder.
  process.chdir(options.state);
  const lock = await acquireLock(options.state);
  if (!lock) {
    log('info', 'another runner serves this state folder');
    return 0;
  }

  let finish: (code: number) => void = () => {};
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });
  const runner = await openRunner({
    ...options,
    log,
    onFailure(error) {
      log('error', `the journal cannot be written: ${(error as Error).message}`);
      finish(1);
    },
  });
  runner.ready.catch((error: Error) => {
    log('error', `clearing up failed: ${error.stack ?? error.message}`);
    finish(1);
  });

  const connections = new Set<Connection>();
  const orphans = createOrphanWatch(options.settings.orphanTtlMs, () => {
    log('warn', `no connection for ${options.settings.orphanTtlMs} ms: the runner ends`);
    finish(0);
  });
  const server = createServer((socket) => {
    const connection = serveConnection(socket, {
      ...runner,
      sessionId: options.sessionId,
      onAdmitted(epoch) {
        for (const each of connections) {
          if (each.epoch > 0 && each.epoch < epoch) {
            each.fail(new AgentServerError('stale_epoch', `the session is now at epoch ${epoch}`));
          }
        }
      },
    });
    connections.add(connection);
    orphans.attended(connections.size);
    socket.once('close', () => {
      connections.delete(connection);
      orphans.attended(connections.size);
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  await rm(SOCKET_NAME, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(SOCKET_NAME, resolve);
  });
  await chmod(SOCKET_NAME, 0o600);
  log('info', `serving session ${options.sessionId} as process ${process.pid}`);

  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => finish(0));
  process.on('SIGHUP', () => {});
  process.on('uncaughtException', (error) => {
    log('error', `a fault of the runner: ${error.stack ?? error.message}`);
    finish(1);
  });

  const code = await finished;
  server.close();
  orphans.close();
  await withDeadline(
    code === 0 ? runner.stop() : runner.kill(),
    DEADLINES.shutdown,
    'stop of the runner',
  ).catch((error: Error) => log('error', error.message));
  const leaving = new AgentServerError('shutting_down', 'the runner is stopping');
  for (const connection of connections) connection.fail(leaving);
  await rm(SOCKET_NAME, { force: true });
  await lock.release();
  log('info', `ended with ${code}`);
  return code;
}
