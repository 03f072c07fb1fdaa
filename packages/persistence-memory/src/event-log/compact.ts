import { AgentServerError, type Snapshot } from '@hhopkins/agent-protocol';
import type { Stream } from './stream.ts';

/** An older snapshot than the stored one changes nothing. */
export function putSnapshot(stream: Stream | undefined, sessionId: string, snapshot: Snapshot): void {
  if (!stream || stream.streamId !== snapshot.streamId || snapshot.seq > stream.head) {
    throw new AgentServerError(
      'head_mismatch',
      `Session ${sessionId}: a snapshot of stream ${snapshot.streamId} at ${snapshot.seq} does not fit ` +
        (stream ? `stream ${stream.streamId} at ${stream.head}.` : 'a session without a stream.'),
    );
  }
  if (snapshot.seq < (stream.snapshot?.seq ?? 0)) return;
  stream.snapshot = { seq: snapshot.seq, json: JSON.stringify(snapshot) };
}

export function compactStream(
  stream: Stream | undefined,
  sessionId: string,
  change: { floor: number; drop: readonly number[] },
): void {
  const covered = stream?.snapshot?.seq ?? -1;
  if (!stream || covered < change.floor) {
    throw new AgentServerError(
      'head_mismatch',
      `Session ${sessionId}: no snapshot at or above ${change.floor} is stored, so nothing below it may go.`,
    );
  }
  const beyond = change.drop.find((seq) => seq > change.floor);
  if (beyond !== undefined) {
    throw new AgentServerError(
      'invalid_request',
      `Session ${sessionId}: event ${beyond} lies above the floor ${change.floor} and cannot be dropped.`,
    );
  }
  const drop = new Set(change.drop);
  stream.events = stream.events.filter((event) => !drop.has(event.seq));
  stream.floor = Math.max(stream.floor, change.floor);
}
