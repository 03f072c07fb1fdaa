import { initialState, LIMITS, reduce, type SessionState, type Snapshot } from '@hhopkins/agent-protocol';
import type { EventLog } from '../ports/event-log.ts';

/** What is in memory at a time beside the state itself: events may be large. */
const PAGE = { limit: 1000, maximumBytes: 4 * LIMITS.readerBuffer };
/** Compaction may overtake a read; the next try begins from the newer snapshot. */
const ATTEMPTS = 3;

/**
 * The reduction of a session's events up to `at` (default: head), from the newest stored snapshot on. Null when the session
 * has no stream, or when `at` is below what is still kept.
 */
export async function readState(log: EventLog, sessionId: string, at?: number): Promise<Snapshot | null> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const info = await log.stream(sessionId);
    if (!info) return null;
    const target = Math.min(at ?? info.head, info.head);
    const state = await reduceTo(log, sessionId, info.streamId, target);
    if (state) return state;
  }
  return null;
}

async function reduceTo(
  log: EventLog,
  sessionId: string,
  streamId: string,
  target: number,
): Promise<Snapshot | null> {
  const stored = await log.loadSnapshot(sessionId, target);
  const snapshot = stored?.streamId === streamId ? stored : null;
  let state: SessionState = snapshot ?? initialState(sessionId);
  let seq = snapshot?.seq ?? 0;
  while (seq < target) {
    const limit = Math.min(PAGE.limit, target - seq);
    const page = await log.read(sessionId, { ...PAGE, after: seq, streamId, limit });
    if (page?.kind !== 'events' || page.events.length === 0) return null;
    state = page.events.reduce(reduce, state);
    seq = page.events.at(-1)?.seq ?? target;
  }
  const { session, conversation, files } = state;
  return { streamId, seq, session, conversation, files };
}
