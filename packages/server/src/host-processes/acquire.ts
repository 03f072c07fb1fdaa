import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { endProcess, killProcess } from './end-process.ts';
import { launch, launchFiles, readLaunch, readRecord } from './launch.ts';
import { withLaunchLock } from './launch-lock.ts';
import { identifyProcess } from './process-identity.ts';
import type { HostConnection, HostProgram } from './program.ts';

/** Where a program runs, and with what. */
export interface HostPlace<Connection extends HostConnection> {
  program: HostProgram<Connection>;
  directory: string;
  environment: Readonly<Record<string, string>>;
  logger: Logger;
}

/** A process that was reached, and whether it was started for that. */
export interface Acquired<Connection extends HostConnection> {
  connection: Connection;
  started: boolean;
}

/** Reaches the process that runs in this place, or starts one. One that runs but does not answer is ended first. */
export async function acquire<Connection extends HostConnection>(
  { program, directory, environment, logger }: HostPlace<Connection>,
  mayReplace: boolean,
): Promise<Acquired<Connection>> {
  await mkdir(directory, { recursive: true, mode: 0o711 });
  const files = launchFiles(directory, program.name);
  return withLaunchLock(files.lock, async () => {
    const running = await connect(program, directory);
    if (running) {
      const { pid, version } = running.handshake;
      if (!mayReplace || !(await isReplaceable(program, running))) {
        logger.log('info', `${program.name} runs already`, { pid, version });
        return { connection: running, started: false };
      }
      logger.log('info', `${program.name} is replaced by version ${program.version}`, { pid, version });
      await endHeld(running);
    } else {
      const silent = await readRecord(files);
      if (silent) {
        logger.log('warn', `${program.name} does not answer and is started again`, { pid: silent.pid });
        await killProcess(silent);
      }
    }
    const connection = await launch(program, directory, environment);
    logger.log('info', `${program.name} has been started`, { pid: connection.handshake.pid });
    return { connection, started: true };
  });
}

/** Whether the process is of another version than wanted, and nobody would miss it. */
export async function isReplaceable<Connection extends HostConnection>(
  program: HostProgram<Connection>,
  { handshake, usage }: Connection,
): Promise<boolean> {
  if (program.version === undefined || handshake.version === program.version) return false;
  const { otherServers, busy } = await usage();
  return otherServers === 0 && !busy;
}

/** Ends the process at the other side of a connection. */
export async function endHeld(connection: HostConnection): Promise<void> {
  const identity = await identifyProcess(connection.handshake.pid);
  if (identity) await endProcess(identity, connection.requestEnd);
  connection.close();
}

async function connect<Connection extends HostConnection>(
  program: HostProgram<Connection>,
  directory: string,
): Promise<Connection | undefined> {
  const connection = await program
    .connect(await readLaunch(launchFiles(directory, program.name)))
    .catch(() => undefined);
  if (!connection || connection.handshake.name === program.name) return connection;
  connection.close();
  throw new AgentServerError(
    'invalid_configuration',
    `What answers in ${join(directory, program.name)} calls itself ${connection.handshake.name.slice(0, 100)}. Choose another folder.`,
  );
}
