import { initialState, reduce, type SessionState, type Snapshot } from '@hhopkins/agent-protocol';
import type { EventLog } from '../ports/event-log.ts';

const PAGE = 1000;
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
    const page = await log.read(sessionId, { after: seq, streamId, limit: Math.min(PAGE, target - seq) });
    if (page?.kind !== 'events' || page.events.length === 0) return null;
    state = page.events.reduce(reduce, state);
    seq = page.events.at(-1)?.seq ?? target;
  }
  const { session, conversation, files } = state;
  return { streamId, seq, session, conversation, files };
}
