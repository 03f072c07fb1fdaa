import { AgentServerError, type SessionEvent, type WorkspaceFile } from '@hhopkins/agent-protocol';
import type { EventLog } from '../../src/ports/event-log.ts';
import type { Leases } from '../../src/ports/leases.ts';
import type { LoadedSession, PersistenceAdapter, SessionRecord } from '../../src/ports/persistence.ts';
import type { FakeClock } from './clock.ts';
import { createFaults, type Faults } from './faults.ts';
import { createStoreLog, type StoredStream } from './store-log.ts';

/** A store that outlives the engines on it, and fails when told to. */
export interface FakeStore {
  readonly adapter: PersistenceAdapter;
  /** The nine methods alone. */
  readonly bare: PersistenceAdapter;
  readonly eventLog: EventLog;
  readonly leases: Leases;
  readonly faults: Faults;
  /** What was written, in order: method and what it was about. */
  readonly writes: readonly string[];
  /** Which records were read, in order: method and session. */
  readonly reads: readonly string[];
  /** All events of the session that are in the log. */
  events(sessionId: string): SessionEvent[];
  stream(sessionId: string): StoredStream | undefined;
  record(sessionId: string): SessionRecord | undefined;
  transcript(sessionId: string, subagentId?: string): string | undefined;
  file(sessionId: string, path: string): string | undefined;
  /** Somebody else takes the session over. */
  takeOver(sessionId: string): void;
  /** Leases of processes that died are free at once. */
  expireLeases(): void;
  readonly sessionIds: readonly string[];
}

interface StoredSession {
  record: SessionRecord;
  transcripts: Map<string, string>;
  files: Map<string, WorkspaceFile>;
}

export function createFakeStore(clock: FakeClock): FakeStore {
  const sessions = new Map<string, StoredSession>();
  const streams = new Map<string, StoredStream>();
  const epochs = new Map<string, number>();
  const leases = new Map<string, { owner: string; epoch: number; expiresAt: number }>();
  const faults = createFaults();
  const writes: string[] = [];
  const reads: string[] = [];
  const eventLog = createStoreLog(streams, epochs, faults);

  const write = <Value>(
    method: string,
    about: string,
    sessionId: string,
    epoch: number | undefined,
    work: () => Value,
  ): Promise<Value> =>
    faults.pass(method, () => {
      if (epoch !== undefined && epoch < (epochs.get(sessionId) ?? 0))
        throw new AgentServerError('stale_epoch', `a write of epoch ${epoch} is too late`);
      writes.push(`${method} ${about}`.trim());
      return work();
    });
  const existing = (sessionId: string): StoredSession => {
    const session = sessions.get(sessionId);
    if (!session) throw new AgentServerError('session_not_found', `no session ${sessionId}`);
    return session;
  };
  const iso = (time: number) => new Date(time).toISOString();
  const raise = (sessionId: string): number => {
    const epoch = (epochs.get(sessionId) ?? 0) + 1;
    epochs.set(sessionId, epoch);
    return epoch;
  };

  const storeLeases: Leases = {
    acquire: (sessionId, owner, ttlMs) =>
      faults.pass('acquire', () => {
        const lease = leases.get(sessionId);
        if (lease && lease.owner !== owner && lease.expiresAt > clock.now())
          return { granted: false, owner: lease.owner, expiresAt: iso(lease.expiresAt) };
        const granted = { owner, epoch: raise(sessionId), expiresAt: clock.now() + ttlMs };
        leases.set(sessionId, granted);
        return { granted: true, epoch: granted.epoch, expiresAt: iso(granted.expiresAt) };
      }),
    renew: (owner, held, ttlMs) =>
      faults.pass('renew', () =>
        held.flatMap(({ sessionId, epoch }) => {
          const lease = leases.get(sessionId);
          if (lease?.owner !== owner || lease.epoch !== epoch) return [sessionId];
          lease.expiresAt = clock.now() + ttlMs;
          return [];
        }),
      ),
    release: (sessionId, owner, epoch) =>
      faults.pass('release', () => {
        const lease = leases.get(sessionId);
        if (lease?.owner === owner && lease.epoch === epoch) leases.delete(sessionId);
      }),
  };

  const bare: PersistenceAdapter = {
    listAllSessions: () =>
      faults.pass('listAllSessions', () => {
        reads.push('listAllSessions');
        return structuredClone([...sessions.values()].map(({ record }) => record));
      }),
    loadSession: (sessionId) =>
      faults.pass('loadSession', (): LoadedSession | null => {
        reads.push(`loadSession ${sessionId}`);
        const session = sessions.get(sessionId);
        if (!session) return null;
        const { record, transcripts, files } = session;
        return structuredClone({
          ...record,
          rawTranscript: transcripts.get('') ?? null,
          subagentTranscripts: [...transcripts]
            .filter(([id]) => id !== '')
            .map(([id, transcript]) => ({ id, transcript })),
          workspaceFiles: [...files.values()],
        });
      }),
    createSessionRecord: (record, context) =>
      write('createSessionRecord', '', record.sessionId, context?.epoch, () => {
        sessions.set(record.sessionId, {
          record: structuredClone(record),
          transcripts: new Map(),
          files: new Map(),
        });
      }),
    updateSessionRecord: (sessionId, patch, context) =>
      write('updateSessionRecord', patch.status ?? '', sessionId, context?.epoch, () => {
        Object.assign(existing(sessionId).record, structuredClone(patch));
      }),
    saveTranscript: (sessionId, raw, subagentId, context) =>
      write('saveTranscript', subagentId ?? 'main', sessionId, context?.epoch, () => {
        existing(sessionId).transcripts.set(subagentId ?? '', raw);
      }),
    saveWorkspaceFile: (sessionId, file, context) =>
      write('saveWorkspaceFile', file.path, sessionId, context?.epoch, () => {
        existing(sessionId).files.set(file.path, structuredClone(file));
      }),
    deleteSessionFile: (sessionId, path, context) =>
      write('deleteSessionFile', path, sessionId, context?.epoch, () => {
        sessions.get(sessionId)?.files.delete(path);
      }),
    listAgentProfiles: () => faults.pass('listAgentProfiles', () => []),
    loadAgentProfile: () => faults.pass('loadAgentProfile', () => null),
  };

  return {
    bare,
    adapter: {
      ...bare,
      eventLog,
      leases: storeLeases,
      listUnfinishedSessions: () =>
        faults.pass('listUnfinishedSessions', () => {
          reads.push('listUnfinishedSessions');
          const unfinished = [...sessions.values()].filter(
            ({ record: { status, sandbox } }) => sandbox || (status !== 'idle' && status !== 'terminated'),
          );
          return structuredClone(unfinished.map(({ record }) => record));
        }),
      deploymentId: () => faults.pass('deploymentId', () => 'deployment-1'),
      deleteSession: (sessionId, context) =>
        write('deleteSession', '', sessionId, context?.epoch, () => {
          sessions.delete(sessionId);
          streams.delete(sessionId);
        }),
    },
    eventLog,
    leases: storeLeases,
    faults,
    writes,
    reads,
    events: (sessionId) =>
      [...(streams.get(sessionId)?.events.entries() ?? [])]
        .sort(([left], [right]) => left - right)
        .map(([, json]) => JSON.parse(json) as SessionEvent),
    stream: (sessionId) => streams.get(sessionId),
    record: (sessionId) => sessions.get(sessionId)?.record,
    transcript: (sessionId, subagentId = '') => sessions.get(sessionId)?.transcripts.get(subagentId),
    file: (sessionId, path) => sessions.get(sessionId)?.files.get(path)?.content,
    takeOver(sessionId) {
      leases.set(sessionId, {
        owner: 'another-server',
        epoch: raise(sessionId),
        expiresAt: clock.now() + 3_600_000,
      });
    },
    expireLeases: () => leases.clear(),
    get sessionIds() {
      return [...sessions.keys()];
    },
  };
}
