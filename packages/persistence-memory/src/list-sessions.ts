import type { SessionRecord } from '@hhopkins/agent-core';
import { AgentServerError, type ListSessionsQuery } from '@hhopkins/agent-protocol';

type Page = { sessions: SessionRecord[]; nextCursor: string | null };

/** Newest update first. A cursor is a place in that order, so a session that changes meanwhile shifts no other. */
export function pageOf(records: readonly SessionRecord[], query: ListSessionsQuery): Page {
  const limit = Number(query.limit ?? 50);
  const from = query.cursor === undefined ? undefined : parseCursor(query.cursor);
  const matching = records
    .filter((record) => matches(record, query))
    .sort(newestFirst)
    .filter((record) => !from || newestFirst(from, record) < 0);
  const sessions = matching.slice(0, limit);
  const last = sessions.at(-1);
  return { sessions, nextCursor: last && matching.length > limit ? cursorOf(last) : null };
}

function matches(record: SessionRecord, query: ListSessionsQuery): boolean {
  const { status, architecture, profile, q, updatedSince } = query;
  const isSame = (wanted: string | undefined, actual: string | undefined) =>
    wanted === undefined || wanted === actual;
  const text = `${record.name ?? ''}\n${record.sessionId}`.toLowerCase();
  return (
    isSame(status, record.status) &&
    isSame(architecture, record.architecture) &&
    isSame(profile, record.agentProfileRef) &&
    (q === undefined || text.includes(q.toLowerCase())) &&
    (updatedSince === undefined || Date.parse(record.updatedAt) >= Date.parse(updatedSince))
  );
}

type Place = Pick<SessionRecord, 'updatedAt' | 'sessionId'>;

function newestFirst(one: Place, other: Place): number {
  const byTime = Date.parse(other.updatedAt) - Date.parse(one.updatedAt);
  if (byTime !== 0) return byTime;
  if (one.sessionId === other.sessionId) return 0;
  return one.sessionId < other.sessionId ? -1 : 1;
}

const cursorOf = ({ updatedAt, sessionId }: Place): string =>
  Buffer.from(JSON.stringify([updatedAt, sessionId])).toString('base64url');

function parseCursor(cursor: string): Place {
  try {
    const [updatedAt, sessionId] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (typeof updatedAt === 'string' && typeof sessionId === 'string') return { updatedAt, sessionId };
  } catch {
    // Falls through to the one answer for every cursor that is not ours.
  }
  throw new AgentServerError('invalid_request', 'The cursor of the session list is not one of this store.');
}
