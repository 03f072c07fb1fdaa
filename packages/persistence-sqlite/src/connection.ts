import type { DatabaseSync } from 'node:sqlite';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { storeError } from './errors.ts';
import { adoptDatabase, openFile } from './open.ts';
import { createStore, type Store } from './store.ts';
import { createTransaction, type Transaction } from './transaction.ts';

/** Where the data is: a file that the store opens itself, or a connection that stays the caller's. */
export type SqliteLocation = { file: string } | { database: DatabaseSync };

/** The database, opened at the first use. All failures are `AgentServerError`s. */
export interface Connection {
  open(): Promise<void>;
  /** Runs in one transaction. */
  write<Result>(work: (store: Store) => Result): Promise<Result>;
  /** Runs without one: nothing else can come between, since the driver is synchronous and the file has one server. */
  read<Result>(work: (store: Store) => Result): Promise<Result>;
  close(): Promise<void>;
}

type State = { store: Store; transaction: Transaction; release(): void };

export function createConnection(location: SqliteLocation): Connection {
  const name = 'file' in location ? location.file : 'of the given connection';
  let state: State | undefined;
  let isClosed = false;

  const open = (): State => {
    const { database, release } =
      'file' in location ? openFile(location.file) : adoptDatabase(location.database);
    return { store: createStore(database), transaction: createTransaction(database), release };
  };
  const opened = (): State => {
    if (isClosed) {
      throw new AgentServerError('store_unavailable', `The SQLite store ${name} is closed.`);
    }
    state ??= open();
    return state;
  };
  const guarded = async <Result>(work: () => Result): Promise<Result> => {
    try {
      return work();
    } catch (error) {
      throw storeError(error, name);
    }
  };

  return {
    open: () =>
      guarded(() => {
        isClosed = false;
        opened();
      }),
    write: (work) =>
      guarded(() => {
        const { store, transaction } = opened();
        return transaction(() => work(store));
      }),
    read: (work) => guarded(() => work(opened().store)),
    close: () =>
      guarded(() => {
        isClosed = true;
        state?.release();
        state = undefined;
      }),
  };
}
