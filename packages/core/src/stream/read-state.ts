import { initialState, reduce, type SessionState, type Snapshot } from '@hhopkins/agent-protocol';
import type { EventLog } from '../ports/event-log.ts';

const PAGE = 1000;

/**
 * The reduction of a session's events up to `at` (default: head), from the newest stored snapshot on. Null when the session
 * has no stream, or when `at` is below what is still kept.
 */
export async function readState(log: EventLog, sessionId: string, at?: number): Promise<Snapshot | null> {
  const info = await log.stream(sessionId);
  if (!info) return null;
  const target = Math.min(at ?? info.head, info.head);
  const snapshot = await log.loadSnapshot(sessionId, target);
  let state: SessionState = snapshot ?? initialState(sessionId);
  let seq = snapshot?.seq ?? 0;
  while (seq < target) {
    const page = await log.read(sessionId, {
      after: seq,
      streamId: info.streamId,
      limit: Math.min(PAGE, target - seq),
    });
    if (page?.kind !== 'events' || page.events.length === 0) return null;
    state = page.events.reduce(reduce, state);
    seq = page.events.at(-1)?.seq ?? target;
  }
  const { session, conversation, files } = state;
  return { streamId: info.streamId, seq, session, conversation, files };
}
