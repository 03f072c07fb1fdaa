import {
  type ListSessionsQuery,
  type ListSessionsResponse,
  listSessionsQuerySchema,
  parseOrThrow,
  type SessionSummary,
} from '@hhopkins/agent-protocol';
import type { PersistenceAdapter, SessionRecord, SessionRow } from '../ports/persistence.ts';
import { recordOf } from '../store/session-row.ts';

/** A record as lists show it. */
export function summaryOf(record: SessionRecord): SessionSummary {
  const {
    sessionId,
    architecture,
    agentProfileRef,
    name,
    principal,
    status,
    metadata,
    createdAt,
    updatedAt,
    asOfSeq,
  } = record;
  return {
    sessionId,
    architecture,
    principal,
    status,
    metadata,
    createdAt,
    updatedAt,
    asOfSeq,
    ...(agentProfileRef ? { agentProfileRef } : {}),
    ...(name ? { name } : {}),
  };
}

export async function listSessions(
  persistence: PersistenceAdapter,
  given: ListSessionsQuery,
): Promise<ListSessionsResponse> {
  const query = parseOrThrow(listSessionsQuerySchema, given, 'query of GET /sessions');
  if (persistence.listSessions) {
    const page = await persistence.listSessions(query);
    return { sessions: page.sessions.map(recordOf).map(summaryOf), nextCursor: page.nextCursor };
  }
  return pageOf(await persistence.listAllSessions(), query);
}

/** What `listSessions` means, for stores that only list everything. Newest update first; the cursor is the last one shown. */
function pageOf(
  rows: readonly SessionRow[],
  query: ReturnType<typeof listSessionsQuerySchema.parse>,
): ListSessionsResponse {
  const { status, architecture, profile, q, updatedSince, cursor, limit } = query;
  const text = q?.toLowerCase();
  const key = (record: SessionRecord) => `${record.updatedAt} ${record.sessionId}`;
  const found = rows
    .map(recordOf)
    .filter(
      (record) =>
        (status === undefined || record.status === status) &&
        (architecture === undefined || record.architecture === architecture) &&
        (profile === undefined || record.agentProfileRef === profile) &&
        (updatedSince === undefined || Date.parse(record.updatedAt) >= Date.parse(updatedSince)) &&
        (text === undefined || `${record.name ?? ''} ${record.sessionId}`.toLowerCase().includes(text)) &&
        (cursor === undefined || key(record) < cursor),
    )
    .sort((left, right) => (key(left) < key(right) ? 1 : -1));
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return { sessions: page.map(summaryOf), nextCursor: found.length > limit && last ? key(last) : null };
}
