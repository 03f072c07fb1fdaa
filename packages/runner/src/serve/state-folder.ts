import { join } from 'node:path';

/** What lies in a runner's state folder. */
export interface StateFolder {
  readonly folder: string;
  readonly journal: string;
  readonly inbox: string;
  readonly epoch: string;
  readonly setup: string;
  readonly processes: string;
  /** A folder of the driver's own. */
  readonly driver: string;
  /** Where the engine puts a saved transcript. */
  readonly restore: string;
}

/** The socket, relative to the state folder: its whole path may be too long for a socket's address. */
export const SOCKET_NAME = 'runner.sock';
/** What a detached runner writes to stderr. */
export const LOG_NAME = 'runner.log';

export const layOutState = (folder: string): StateFolder => ({
  folder,
  journal: join(folder, 'journal'),
  inbox: join(folder, 'inbox.jsonl'),
  epoch: join(folder, 'epoch.json'),
  setup: join(folder, 'setup.json'),
  processes: join(folder, 'processes.jsonl'),
  driver: join(folder, 'driver'),
  restore: join(folder, 'restore'),
});
