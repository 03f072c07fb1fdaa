import type { ListSessionsResponse, ServerFrame, SessionSummary } from '@hhopkins/agent-protocol';
import type { Http } from '../rest/http.ts';
import { jsonOf } from '../rest/read-response.ts';
import type { Clock } from '../support/clock.ts';
import { pause } from '../support/pause.ts';
import { SSE_LIMITS } from './sse-limits.ts';

export interface ListReaderParts {
  http: Http;
  clock: Clock;
  /** Ends the reader. */
  signal: AbortSignal;
  emit(frame: ServerFrame): void;
}

/** Polls the list of sessions and tells it as a WebSocket would: all of it first, then what changed. */
export async function readList({ http, clock, signal, emit }: ListReaderParts): Promise<void> {
  let known: Map<string, string> | undefined;
  while (!signal.aborted) {
    const sessions = await readAll(http, signal);
    const next = new Map(sessions.map((session) => [session.sessionId, JSON.stringify(session)]));
    const changed = sessions.filter(({ sessionId }) => known?.get(sessionId) !== next.get(sessionId));
    const removed = [...(known?.keys() ?? [])].filter((sessionId) => !next.has(sessionId));
    if (!known || changed.length + removed.length > 0) {
      emit({ type: 'sessions', sessions: changed, removed, complete: true });
    }
    known = next;
    await pause(clock, SSE_LIMITS.pollListMs, signal);
  }
}

async function readAll(http: Http, signal: AbortSignal): Promise<SessionSummary[]> {
  const sessions: SessionSummary[] = [];
  let cursor: string | undefined;
  do {
    const query = { limit: SSE_LIMITS.listPage, cursor };
    const page = await http.ask(
      { method: 'GET', path: '/sessions', query, signal },
      jsonOf<ListSessionsResponse>,
    );
    sessions.push(...page.sessions);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return sessions;
}
