import type { DatabaseSync } from 'node:sqlite';
import type { EventLog, ReadResult, StreamInfo } from '@hhopkins/agent-core';
import type { SessionEvent } from '@hhopkins/agent-protocol';
import type { SnapshotTable } from './snapshots.ts';

type ReadQuery = Parameters<EventLog['read']>[1];

/** Reads within a transaction of the caller, so that a reset and the events of an answer are of one moment. */
export function createRead(
  database: DatabaseSync,
  parts: { snapshots: SnapshotTable; findStream: (sessionId: string) => StreamInfo | null },
): (sessionId: string, query: ReadQuery) => ReadResult | null {
  const select = database.prepare(
    'SELECT event FROM agent_events WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?',
  );

  return (sessionId, query) => {
    const stream = parts.findStream(sessionId);
    if (!stream) return null;
    const { streamId, head, floor } = stream;
    const isOther = query.streamId !== undefined && query.streamId !== streamId;
    if (isOther || query.after < floor || query.after > head) {
      return { kind: 'reset', streamId, head, snapshot: parts.snapshots.load(sessionId, head) };
    }
    const rows = select.iterate(sessionId, query.after, query.limit);
    return { kind: 'events', streamId, head, floor, events: take(rows, query.maximumBytes) };
  };
}

function take(rows: Iterable<{ event?: unknown }>, maximumBytes = Number.POSITIVE_INFINITY): SessionEvent[] {
  const events: SessionEvent[] = [];
  let bytes = 0;
  for (const row of rows) {
    const json = String(row.event);
    bytes += Buffer.byteLength(json);
    if (events.length > 0 && bytes > maximumBytes) break;
    events.push(JSON.parse(json) as SessionEvent);
  }
  return events;
}
