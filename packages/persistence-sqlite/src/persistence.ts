import type { PersistenceAdapter } from '@hhopkins/agent-core';
import { createConnection, type SqliteLocation } from './connection.ts';
import { createEventLog } from './event-log/index.ts';

/** A store with every optional ability. */
export type SqlitePersistence = Required<PersistenceAdapter>;

/**
 * Keeps everything in one SQLite file, by the driver that is built into Node 22.13 and newer.
 *
 * One server uses a file: a second one fails with `store_locked`. Nothing is opened before `open()` or the first call.
 *
 * @param location `{ file }`, made with its folder when there is none (`:memory:` for none at all), or `{ database }`, a
 *   connection of yours, which is never closed and whose settings are left alone
 *
 * @example
 * const persistence = sqlitePersistence({ file: '.data/agent-server.db' });
 */
export function sqlitePersistence(location: SqliteLocation): SqlitePersistence {
  const connection = createConnection(location);
  const { read, write } = connection;

  return {
    name: connection.name,
    open: connection.open,
    close: connection.close,
    eventLog: createEventLog(connection),
    leases: {
      acquire: (sessionId, owner, ttlMs) => write((store) => store.leases.acquire(sessionId, owner, ttlMs)),
      renew: (owner, leases, ttlMs) => read((store) => store.leases.renew(owner, leases, ttlMs)),
      release: (sessionId, owner, epoch) => read((store) => store.leases.release(sessionId, owner, epoch)),
    },
    deploymentId: () => read((store) => store.deploymentId()),

    listAllSessions: () => read((store) => store.sessions.all()),
    listSessions: (query) => read((store) => store.listSessions(query)),
    listUnfinishedSessions: () => read((store) => store.sessions.unfinished()),
    loadSession: (sessionId) =>
      read((store) => {
        const record = store.sessions.find(sessionId);
        if (!record) return null;
        const workspaceFiles = store.workspaceFiles.load(sessionId);
        return { ...record, ...store.transcripts.load(sessionId), workspaceFiles };
      }),
    createSessionRecord: (record, context) =>
      write((store) => {
        store.epochs.admit(record.sessionId, context?.epoch);
        store.sessions.create(record);
      }),
    updateSessionRecord: (sessionId, patch, context) =>
      write((store) => {
        store.epochs.admit(sessionId, context?.epoch);
        store.sessions.update(sessionId, patch);
      }),
    deleteSession: (sessionId, context) =>
      write((store) => {
        store.epochs.admit(sessionId, context?.epoch);
        store.removeSession(sessionId);
      }),

    saveTranscript: (sessionId, raw, subagentId, context) =>
      write((store) => {
        store.epochs.admit(sessionId, context?.epoch);
        store.sessions.mustExist(sessionId);
        store.transcripts.save(sessionId, raw, subagentId);
      }),
    saveWorkspaceFile: (sessionId, file, context) =>
      write((store) => {
        store.epochs.admit(sessionId, context?.epoch);
        store.sessions.mustExist(sessionId);
        store.workspaceFiles.save(sessionId, file);
      }),
    deleteSessionFile: (sessionId, path, context) =>
      write((store) => {
        store.epochs.admit(sessionId, context?.epoch);
        store.workspaceFiles.remove(sessionId, path);
      }),

    listAgentProfiles: () => read((store) => store.agentProfiles.all()),
    loadAgentProfile: (profileId) => read((store) => store.agentProfiles.find(profileId)),
    saveAgentProfile: (profile) => write((store) => store.agentProfiles.save(profile)),
  };
}
