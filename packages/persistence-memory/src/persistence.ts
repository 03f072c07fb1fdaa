import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Leases, PersistenceAdapter, SessionRecord } from '@hhopkins/agent-core';
import { type AgentProfileInput, AgentServerError, type WorkspaceFile } from '@hhopkins/agent-protocol';
import { memoryEpochs } from './epochs.ts';
import { type MemoryEventLog, memoryEventLog } from './event-log/index.ts';
import { memoryLeases } from './leases.ts';
import { pageOf } from './list-sessions.ts';

export interface MemoryPersistenceOptions {
  /** Profiles to begin with. */
  agentProfiles?: readonly AgentProfileInput[];
  /** The store's clock, milliseconds since 1970; `Date.now` by default. */
  now?: () => number;
}

/** A store with every optional ability. */
export type MemoryPersistence = Required<
  Omit<PersistenceAdapter, 'eventLog' | 'leases' | 'open' | 'close'>
> & {
  readonly eventLog: MemoryEventLog;
  readonly leases: Leases;
};

interface StoredSession {
  record: SessionRecord;
  rawTranscript: string | null;
  subagentTranscripts: Map<string, string>;
  workspaceFiles: Map<string, WorkspaceFile>;
}

const newSession = (record: SessionRecord): StoredSession => ({
  record,
  rawTranscript: null,
  subagentTranscripts: new Map(),
  workspaceFiles: new Map(),
});

/**
 * Keeps everything for as long as the process lives: for tests, demonstrations, and servers that need no memory.
 * Values are copied on their way in and out.
 *
 * @example
 * const persistence = memoryPersistence({ agentProfiles: [{ id: 'reviewer', model: 'sonnet' }] });
 */
export function memoryPersistence(options: MemoryPersistenceOptions = {}): MemoryPersistence {
  const { agentProfiles = [], now = Date.now } = options;
  const epochs = memoryEpochs();
  const eventLog = memoryEventLog({ epochs });
  const sessions = new Map<string, StoredSession>();
  const profiles = new Map(structuredClone(agentProfiles).map((profile) => [profile.id, profile]));
  const deploymentId = randomUUID();

  const existing = (sessionId: string): StoredSession => {
    const session = sessions.get(sessionId);
    if (session) return session;
    throw new AgentServerError('session_not_found', `Session ${sessionId} is not in the store.`);
  };

  return {
    name: 'memory',
    eventLog,
    leases: memoryLeases({ epochs, now }),

    async listAllSessions() {
      return structuredClone([...sessions.values()].map((session) => session.record));
    },
    async listSessions(query) {
      return structuredClone(
        pageOf(
          [...sessions.values()].map((session) => session.record),
          query,
        ),
      );
    },
    async listUnfinishedSessions() {
      const records = [...sessions.values()].map((session) => session.record);
      return structuredClone(
        records.filter(({ status, sandbox }) => sandbox || (status !== 'idle' && status !== 'terminated')),
      );
    },
    async loadSession(sessionId) {
      const session = sessions.get(sessionId);
      if (!session) return null;
      return structuredClone({
        ...session.record,
        rawTranscript: session.rawTranscript,
        subagentTranscripts: [...session.subagentTranscripts].map(([id, transcript]) => ({ id, transcript })),
        workspaceFiles: [...session.workspaceFiles.values()],
      });
    },
    async createSessionRecord(record, write) {
      epochs.write(record.sessionId, write?.epoch, () => {
        const known = sessions.get(record.sessionId);
        if (known && !isDeepStrictEqual(known.record, record)) {
          throw new AgentServerError(
            'already_exists',
            `Session ${record.sessionId} is in the store already.`,
          );
        }
        if (!known) sessions.set(record.sessionId, newSession(structuredClone(record)));
      });
    },
    async updateSessionRecord(sessionId, patch, write) {
      epochs.write(sessionId, write?.epoch, () => {
        const given = Object.entries(structuredClone(patch)).filter(([, value]) => value !== undefined);
        Object.assign(existing(sessionId).record, Object.fromEntries(given));
      });
    },
    async saveTranscript(sessionId, raw, subagentId, write) {
      epochs.write(sessionId, write?.epoch, () => {
        const session = existing(sessionId);
        if (subagentId === undefined) session.rawTranscript = raw;
        else session.subagentTranscripts.set(subagentId, raw);
      });
    },
    async saveWorkspaceFile(sessionId, file, write) {
      epochs.write(sessionId, write?.epoch, () => {
        existing(sessionId).workspaceFiles.set(file.path, structuredClone(file));
      });
    },
    async deleteSessionFile(sessionId, path, write) {
      epochs.write(sessionId, write?.epoch, () => sessions.get(sessionId)?.workspaceFiles.delete(path));
    },
    async deleteSession(sessionId, write) {
      epochs.write(sessionId, write?.epoch, () => {
        sessions.delete(sessionId);
        eventLog.removeStream(sessionId);
      });
      epochs.forget(sessionId);
    },
    async listAgentProfiles() {
      return structuredClone([...profiles.values()]);
    },
    async loadAgentProfile(profileId) {
      return structuredClone(profiles.get(profileId)) ?? null;
    },
    async saveAgentProfile(profile) {
      profiles.set(profile.id, structuredClone(profile));
    },
    async deploymentId() {
      return deploymentId;
    },
  };
}
