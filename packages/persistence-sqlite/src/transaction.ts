import type { DatabaseSync } from 'node:sqlite';

/** Runs `work` and commits, or takes everything back and throws. */
export type Transaction = <Result>(work: () => Result) => Result;

export function createTransaction(database: DatabaseSync): Transaction {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const rollback = database.prepare('ROLLBACK');

  return (work) => {
    begin.run();
    try {
      const result = work();
      commit.run();
      return result;
    } catch (error) {
      try {
        rollback.run();
      } catch {
        // A full disk or an I/O error made SQLite roll back by itself.
      }
      throw error;
    }
  };
}

/** A part of a transaction that can be taken back alone. */
export function createSavepoint(database: DatabaseSync): Transaction {
  const begin = database.prepare('SAVEPOINT part');
  const release = database.prepare('RELEASE part');
  const rollback = database.prepare('ROLLBACK TO part');

  return (work) => {
    begin.run();
    try {
      const result = work();
      release.run();
      return result;
    } catch (error) {
      try {
        rollback.run();
        release.run();
      } catch {
        // The whole transaction is gone already; the error says why.
      }
      throw error;
    }
  };
}
