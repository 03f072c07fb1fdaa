import {
  type AgentProfile,
  AgentServerError,
  agentProfileSchema,
  DEFAULT_PROFILE,
  initialState,
  type PendingEvent,
} from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';
import { bytesOf } from '../files/workspace-archive.ts';
import type { LoadedSession, SessionRecord } from '../ports/persistence.ts';
import { recordOf } from '../store/session-row.ts';
import { TRANSCRIPT_READERS } from '../store/transcript-readers.ts';
import { readState } from '../stream/read-state.ts';
import { sha256 } from '../support/hash.ts';
import { type ActiveSession, createActiveSession } from './active-session.ts';
import { createEventFactory } from './engine-event.ts';

export interface SessionCallbacks {
  onRest(): void;
  onFenced(): void;
}

/**
 * Takes the lease of a session and reads it from the store.
 * @throws session_not_found, not_owner, store_unavailable
 */
export async function openSession(
  parts: EngineParts,
  sessionId: string,
  callbacks: SessionCallbacks,
): Promise<ActiveSession> {
  const { log, persistence } = parts;
  // No lease of what does not exist.
  const exists = (await log.stream(sessionId)) !== null || (await persistence.loadSession(sessionId));
  if (!exists) throw sessionNotFound(sessionId);
  return withLease(parts, sessionId, async (epoch) => {
    // Read under the lease: the last owner writes nothing any more.
    const row = await persistence.loadSession(sessionId);
    if (!row) throw sessionNotFound(sessionId);
    const record = recordOf(row);
    const info = await log.stream(sessionId);
    const snapshot = info && (await readState(log, sessionId));
    if (!info || !snapshot) return openWithoutStream(parts, row, record, epoch, callbacks);
    const { session, conversation, files } = snapshot;
    return createActiveSession(parts, {
      record,
      info: { ...info, head: snapshot.seq },
      state: { session, conversation, files },
      epoch,
      openCommands: await log.openCommands(sessionId),
      profile: () => loadProfile(parts, session.agentProfileRef),
      ...callbacks,
    });
  });
}

/** Begins a session's stream: its first events are in the log once this resolves. */
export function beginSession(
  parts: EngineParts,
  record: SessionRecord,
  events: readonly PendingEvent[],
  callbacks: SessionCallbacks,
): Promise<ActiveSession> {
  return withLease(parts, record.sessionId, (epoch) => begin(parts, record, epoch, events, callbacks));
}

async function begin(
  parts: EngineParts,
  record: SessionRecord,
  epoch: number,
  events: readonly PendingEvent[],
  callbacks: SessionCallbacks,
): Promise<ActiveSession> {
  const session = createActiveSession(parts, {
    record,
    info: { streamId: crypto.randomUUID(), head: 0, journal: null, snapshotSeq: null },
    state: initialState(record.sessionId),
    epoch,
    openCommands: [],
    profile: () => loadProfile(parts, record.agentProfileRef),
    ...callbacks,
  });
  try {
    await session.stream.append({ events });
    return session;
  } catch (error) {
    await session.close('leave');
    throw error;
  }
}

/** The lease is given back when `work` fails. */
async function withLease<Result>(
  parts: EngineParts,
  sessionId: string,
  work: (epoch: number) => Promise<Result>,
): Promise<Result> {
  const epoch = await acquire(parts, sessionId);
  try {
    return await work(epoch);
  } catch (error) {
    await parts.leases.release(sessionId, parts.owner, epoch).catch(() => {});
    throw error;
  }
}

async function acquire(parts: EngineParts, sessionId: string): Promise<number> {
  const lease = await parts.leases.acquire(sessionId, parts.owner, parts.settings.leaseTtlMs);
  if (lease.granted) return lease.epoch;
  throw new AgentServerError(
    'not_owner',
    `Session ${sessionId} is run by server ${lease.owner} until ${lease.expiresAt}; try again`,
  );
}

/**
 * The store has the session but no stream of it: it keeps no events, or lost them. A new stream is made from what was saved.
 * A sandbox that the record names is taken up again: what its journal still has comes on top, under the same block ids.
 */
async function openWithoutStream(
  parts: EngineParts,
  row: LoadedSession,
  record: SessionRecord,
  epoch: number,
  callbacks: SessionCallbacks,
): Promise<ActiveSession> {
  const event = createEventFactory(record.sessionId, () => Date.parse(record.updatedAt));
  const events: PendingEvent[] = [
    event('session:created', {
      architecture: record.architecture,
      principal: record.principal,
      sessionOptions: record.sessionOptions,
      metadata: record.metadata,
      ...(record.agentProfileRef ? { agentProfileRef: record.agentProfileRef } : {}),
      ...(record.name ? { name: record.name } : {}),
    }),
    ...savedConversation(row, record, event),
  ];
  for (const file of row.workspaceFiles ?? []) {
    const { path, size, mode = 0o644 } = file;
    events.push(event('file:created', { path, size, mode, hash: await sha256(bytesOf(file)) }));
  }
  if (record.status === 'terminated')
    events.push(event('session:terminated', { reason: 'ended before', by: 'engine' }));
  return begin(parts, record, epoch, events, callbacks);
}

function savedConversation(
  row: LoadedSession,
  record: SessionRecord,
  event: ReturnType<typeof createEventFactory>,
): PendingEvent[] {
  const read = TRANSCRIPT_READERS[record.architecture];
  if (!row.rawTranscript || !read) return [];
  const subagents = (row.subagentTranscripts ?? []).map(({ id, transcript }) => ({ id, raw: transcript }));
  const conversation = read(row.rawTranscript, subagents);
  return [
    ...conversation.blocks.map((block) => event('block:upsert', { block })),
    ...conversation.subagents.flatMap(({ id, name, toolUseId, status, blocks }) => [
      event('subagent:spawned', { subagentId: id, name, ...(toolUseId ? { toolUseId } : {}) }),
      ...blocks.map((block) => event('block:upsert', { block }, { conversationId: id })),
      event('subagent:completed', { subagentId: id, status: status === 'error' ? 'error' : 'complete' }),
    ]),
    event('transcript:saved', { bytes: row.rawTranscript.length, subagents: subagents.length }),
  ];
}

/** The profile a session names: from the store, from the configuration, or the built-in `default`. */
export async function loadProfile(parts: EngineParts, reference: string | undefined): Promise<AgentProfile> {
  const id = reference ?? DEFAULT_PROFILE.id;
  const configured = parts.profiles.get(id);
  if (configured) return configured;
  const stored = await parts.persistence.loadAgentProfile(id);
  if (stored) {
    const parsed = agentProfileSchema.safeParse(stored);
    if (parsed.success) return parsed.data;
    const fault = parsed.error.issues[0];
    throw new AgentServerError(
      'invalid_request',
      `Agent profile "${id}" is not valid: ${fault?.path.join('.')}: ${fault?.message}`,
    );
  }
  if (id === DEFAULT_PROFILE.id) return DEFAULT_PROFILE;
  throw new AgentServerError(
    'profile_not_found',
    `There is no agent profile "${id}"; GET /agent-profiles lists them`,
  );
}

export const sessionNotFound = (sessionId: string): AgentServerError =>
  new AgentServerError('session_not_found', `There is no session ${sessionId.slice(0, 100)}`);
