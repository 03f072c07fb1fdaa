import { join } from 'node:path';

/** Longest path that a socket's address holds on every system, in bytes: 104 on macOS with its end, 108 on Linux. */
const LONGEST_SOCKET_PATH = 103;

/** Name of the socket inside the public folder, wherever that is mounted. */
export const RELAY_SOCKET = 'relay.sock';

/** Where a relay's sockets are. */
export interface RelayPlaces {
  /** For the server alone. */
  control: string;
  /** Folder that is mounted into sandboxes: nothing but the relay's socket is in it. */
  publicFolder: string;
  /** For agents. */
  relay: string;
}

/** @param directory the relay's own folder on the host */
export function relayPlaces(directory: string): RelayPlaces {
  const publicFolder = join(directory, 'public');
  return { control: join(directory, 'control.sock'), publicFolder, relay: join(publicFolder, RELAY_SOCKET) };
}

/** Whether the sockets of a relay in this folder have an address at all. */
export function socketsFit(directory: string): boolean {
  const { control, relay } = relayPlaces(directory);
  return [control, relay].every((path) => Buffer.byteLength(path) <= LONGEST_SOCKET_PATH);
}
