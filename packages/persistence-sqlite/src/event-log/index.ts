import type { EventLog } from '@hhopkins/agent-core';
import type { Connection } from '../connection.ts';

/** The event log over a connection. Each call is one transaction. */
export const createEventLog = ({ write, read, ...connection }: Connection): EventLog => ({
  get durability() {
    return connection.isInMemory() ? 'memory' : 'store';
  },
  stream: (sessionId) => read((store) => store.findStream(sessionId)),
  append: (batches) => write((store) => store.append(batches)),
  read: (sessionId, query) => read((store) => store.readEvents(sessionId, query)),
  loadSnapshot: (sessionId, at = Number.MAX_SAFE_INTEGER) =>
    read((store) => store.snapshots.load(sessionId, at)),
  saveSnapshot: (sessionId, snapshot, { epoch }) =>
    write((store) => {
      store.epochs.admit(sessionId, epoch);
      store.snapshots.save(sessionId, snapshot);
    }),
  compact: (sessionId, { epoch, floor, drop }) =>
    write((store) => {
      store.epochs.admit(sessionId, epoch);
      store.snapshots.compact(sessionId, floor, drop);
    }),
  findCommand: (sessionId, principal, commandId) =>
    read((store) => store.commands.find(sessionId, principal, commandId)),
  openCommands: (sessionId) => read((store) => store.commands.open(sessionId)),
});
