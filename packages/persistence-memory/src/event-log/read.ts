import type { EventLog, ReadResult } from '@hhopkins/agent-core';
import type { SessionEvent, Snapshot } from '@hhopkins/agent-protocol';
import type { Stream } from './stream.ts';

export function readStream(stream: Stream, query: Parameters<EventLog['read']>[1]): ReadResult {
  const { streamId, head, floor } = stream;
  const { after, limit, maximumBytes = Number.POSITIVE_INFINITY } = query;
  const isOther = query.streamId !== undefined && query.streamId !== streamId;
  if (isOther || after < floor || after > head) {
    return { kind: 'reset', streamId, head, snapshot: snapshotOf(stream) };
  }

  const events: SessionEvent[] = [];
  let bytes = 0;
  for (let index = stream.events.length - (head - after); events.length < limit; index++) {
    const stored = stream.events[index];
    if (!stored) break;
    bytes += stored.bytes;
    if (events.length > 0 && bytes > maximumBytes) break;
    events.push(JSON.parse(stored.json) as SessionEvent);
  }
  return { kind: 'events', streamId, head, floor, events };
}

export function snapshotOf(stream: Stream, at: number = stream.head): Snapshot | null {
  const { snapshot } = stream;
  return snapshot && snapshot.seq <= at ? (JSON.parse(snapshot.json) as Snapshot) : null;
}
