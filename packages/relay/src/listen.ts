import { chmod, mkdir, rm } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { relayPlaces, socketsFit } from './places.ts';

/**
 * Listens on both sockets of the folder. Sandboxes may be other users: they can pass through the folder and use the public
 * socket, and only the relay's own user the control socket.
 *
 * @throws `already_exists` when a relay listens there, `invalid_configuration` when the folder's path is too long for sockets
 */
export async function listenIn(
  directory: string,
  servers: { control: Server; models: Server },
): Promise<void> {
  if (!socketsFit(directory)) {
    throw new AgentServerError(
      'invalid_configuration',
      `The path ${directory} is too long for a socket in it. Choose a shorter one.`,
    );
  }
  const places = relayPlaces(directory);
  await mkdir(directory, { recursive: true, mode: 0o711 });
  await mkdir(places.publicFolder, { recursive: true });
  await chmod(directory, 0o711);
  await chmod(places.publicFolder, 0o755);
  if (await answers(places.control)) {
    throw new AgentServerError(
      'already_exists',
      `A relay already runs in ${directory}. Stop it, or choose another folder.`,
    );
  }
  await listen(servers.models, places.relay, 0o666);
  await listen(servers.control, places.control, 0o600);
}

async function listen(server: Server, path: string, mode: number): Promise<void> {
  // What lies there was left by a relay that was killed.
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, mode);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path, timeout: 2_000 });
    const settle = (listening: boolean): void => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
