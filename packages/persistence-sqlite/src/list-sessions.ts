import type { DatabaseSync } from 'node:sqlite';
import type { SessionRecord } from '@hhopkins/agent-core';
import { AgentServerError, type ListSessionsQuery } from '@hhopkins/agent-protocol';
import { instantOf, recordOf, type StoredRecord } from './sessions.ts';

export interface SessionPage {
  sessions: SessionRecord[];
  nextCursor: string | null;
}

/** Newest update first. A cursor is a place in that order, so a session that changes meanwhile shifts no other. */
export function createSessionList(database: DatabaseSync): (query: ListSessionsQuery) => SessionPage {
  const select = database.prepare(String.raw`
    SELECT * FROM agent_sessions
    WHERE ($status IS NULL OR status = $status)
      AND ($architecture IS NULL OR architecture = $architecture)
      AND ($profile IS NULL OR agent_profile_ref = $profile)
      AND ($text IS NULL OR name LIKE $text ESCAPE '\' OR session_id LIKE $text ESCAPE '\')
      AND ($since IS NULL OR updated_at >= $since)
      AND ($place_time IS NULL OR updated_at < $place_time
           OR (updated_at = $place_time AND session_id > $place_id))
    ORDER BY updated_at DESC, session_id
    LIMIT $limit`);

  return (query) => {
    const limit = Number(query.limit ?? 50);
    const place = query.cursor === undefined ? undefined : parseCursor(query.cursor);
    const rows = select.all({
      status: query.status ?? null,
      architecture: query.architecture ?? null,
      profile: query.profile ?? null,
      text: query.q === undefined ? null : `%${query.q.replace(/[\\%_]/g, String.raw`\$&`)}%`,
      since: query.updatedSince === undefined ? null : instantOf(query.updatedSince),
      place_time: place?.updatedAt ?? null,
      place_id: place?.sessionId ?? null,
      // One more than asked for says whether there is a next page.
      limit: limit + 1,
    }) as StoredRecord[];
    const sessions = rows.slice(0, limit).map(recordOf);
    const last = sessions.at(-1);
    return { sessions, nextCursor: last && rows.length > limit ? cursorOf(last) : null };
  };
}

type Place = Pick<SessionRecord, 'updatedAt' | 'sessionId'>;

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
