import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { loadDriver } from './driver.ts';
import { isBusy } from './errors.ts';

/**
 * Makes this process the one server of `file`, until the returned function is called or the process dies.
 *
 * The lock is SQLite's own exclusive lock on an empty database beside the file: the operating system drops it with the
 * process, however it ends, and the database itself stays open to readers such as the `sqlite3` tool. The lock file stays
 * when the lock is gone: removing it would let two servers lock two files of one name. No code may open it by other means,
 * since closing any descriptor of a file drops the process's locks on it.
 *
 * @throws `store_locked` when another server holds it, in this process or another
 */
export function lockStore(file: string): () => void {
  const lockFile = `${file}.lock`;
  const holderFile = `${file}.pid`;
  createPrivately(lockFile);
  const { DatabaseSync } = loadDriver();
  const database = new DatabaseSync(lockFile);
  try {
    // In memory, since a lock without changes needs no journal file.
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    throw new AgentServerError(
      'store_locked',
      `${file} is in use by ${readHolder(holderFile)}. One server may use a file: stop that one, or choose another file.`,
      { cause: error },
    );
  }
  writeFileSync(holderFile, `process ${process.pid} on ${hostname()}\n`, { mode: 0o600 });

  return () => {
    rmSync(holderFile, { force: true });
    database.close();
  };
}

/** An empty file that its owner alone may read and write; one that exists is left alone and not even opened. */
export function createPrivately(file: string): void {
  try {
    writeFileSync(file, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

function readHolder(holderFile: string): string {
  try {
    return readFileSync(holderFile, 'utf8').trim() || 'another server';
  } catch {
    return 'another server';
  }
}
