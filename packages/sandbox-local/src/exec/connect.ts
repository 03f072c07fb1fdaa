import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { SOCKET_FILE } from '../init/settings.ts';

/** Linux: opens a name without opening what it stands for. Not among Node's constants; the same on every CPU. */
const O_PATH = 0o10000000;

/**
 * Connects to the init of a sandbox. The folder is writable from inside, so on Linux the very inode that was seen to be a
 * socket is connected to: a symbolic link put in its place cannot lead to a socket of the host. That also keeps the address
 * short, whatever the length of the path.
 */
export function connectToInit(socketFolder: string, deadlineMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const path = join(socketFolder, SOCKET_FILE);
    const descriptor = process.platform === 'linux' ? openSocket(path) : undefined;
    const socket = connect(descriptor === undefined ? path : `/proc/self/fd/${descriptor}`);
    const settle = () => {
      clearTimeout(timer);
      if (descriptor !== undefined) closeSync(descriptor);
    };
    const timer = setTimeout(() => {
      socket.destroy(new Error(`Nothing answered at ${path} within ${deadlineMs} ms`));
    }, deadlineMs);
    const fail = (error: Error) => {
      settle();
      reject(error);
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      settle();
      resolve(socket);
    });
  });
}

function openSocket(path: string): number {
  const descriptor = openSync(path, O_PATH | constants.O_NOFOLLOW);
  if (fstatSync(descriptor).isSocket()) return descriptor;
  closeSync(descriptor);
  throw new Error(`${path} is not a socket`);
}
