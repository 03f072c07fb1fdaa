import type { DatabaseSync } from 'node:sqlite';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { storeError } from './errors.ts';
import { adoptDatabase, fileOf, IN_MEMORY, openFile } from './open.ts';
import { createStore, type Store } from './store.ts';
import { createTransaction, type Transaction } from './transaction.ts';

/** Where the data is: a file that the store opens itself, or a connection that stays the caller's. */
export type SqliteLocation = { file: string } | { database: DatabaseSync };

/** The database, opened at the first use. All failures are `AgentServerError`s. */
export interface Connection {
  /** For people. */
  readonly name: string;
  /** True when there is no file, so that all ends with the process. */
  isInMemory(): boolean;
  open(): Promise<void>;
  /** Runs in one transaction. */
  write<Result>(work: (store: Store) => Result): Promise<Result>;
  /** Runs without one: nothing else can come between, since the driver is synchronous and the file has one server. */
  read<Result>(work: (store: Store) => Result): Promise<Result>;
  close(): Promise<void>;
}

type State = { store: Store; transaction: Transaction; release(): void };

export function createConnection(location: SqliteLocation): Connection {
  const name = 'file' in location ? `SQLite ${location.file}` : 'SQLite, a connection of the caller';
  let state: State | undefined;
  let isClosed = false;

  const open = (): State => {
    const { database, release } =
      'file' in location ? openFile(location.file) : adoptDatabase(location.database);
    return { store: createStore(database), transaction: createTransaction(database), release };
  };
  const opened = (): State => {
    if (isClosed) {
      throw new AgentServerError('store_unavailable', `The store (${name}) is closed.`);
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
    name,
    isInMemory: () =>
      'file' in location ? location.file === IN_MEMORY : fileOf(location.database) === undefined,
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
