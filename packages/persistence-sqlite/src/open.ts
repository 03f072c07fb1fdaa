import { mkdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { loadDriver } from './driver.ts';
import { createPrivately, lockStore } from './lock.ts';
import { migrate } from './migrate.ts';

export interface OpenDatabase {
  database: DatabaseSync;
  /** Gives back what was opened here. */
  release(): void;
}

/** The name SQLite has for no file at all. */
export const IN_MEMORY = ':memory:';

/**
 * WAL with a sync at every commit: an append that was answered survives a power cut, and other programs may read meanwhile.
 * The checkpoint bound is four times the default, because group commits rewrite the same pages; waiting for another
 * program's write lock blocks the whole process, so that it is short.
 */
const SETTINGS = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA busy_timeout = 2000;
  PRAGMA wal_autocheckpoint = 4000;
`;

/** Opens a file as its one server, making it and its folder when there is none. */
export function openFile(file: string): OpenDatabase {
  const { DatabaseSync } = loadDriver();
  const place = file === IN_MEMORY ? file : prepareFile(file);
  const unlock = place === IN_MEMORY ? () => {} : lockStore(place);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(place);
    database.exec(SETTINGS);
    migrate(database, file);
  } catch (error) {
    database?.close();
    unlock();
    throw error;
  }
  const opened = database;
  return {
    database: opened,
    release() {
      opened.close();
      unlock();
    },
  };
}

/** Uses a caller's connection: its settings stay, and it is never closed. Its file, if it has one, is locked all the same. */
export function adoptDatabase(database: DatabaseSync): OpenDatabase {
  const place = fileOf(database);
  const { synchronous } = database.prepare('PRAGMA synchronous').get() as { synchronous: number };
  if (place && synchronous < 2) {
    throw new AgentServerError(
      'invalid_configuration',
      `The connection to ${place} has synchronous = ${synchronous}: what was acknowledged could be lost. Use FULL.`,
    );
  }
  const unlock = place ? lockStore(place) : () => {};
  try {
    migrate(database, place ?? IN_MEMORY);
  } catch (error) {
    unlock();
    throw error;
  }
  return { database, release: unlock };
}

/** The path that all spellings of it share, links followed. */
function prepareFile(file: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  createPrivately(file);
  return realpathSync(file);
}

/** The file of a connection; undefined when it is in memory. */
export function fileOf(database: DatabaseSync): string | undefined {
  const main = database
    .prepare('PRAGMA database_list')
    .all()
    .find((row) => row.name === 'main');
  return main?.file ? realpathSync(String(main.file)) : undefined;
}
