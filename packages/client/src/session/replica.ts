import type { Cursor, ServerFrame, SessionEvent, SessionState, Snapshot } from '@hhopkins/agent-protocol';
import { reduce } from '@hhopkins/agent-protocol/light';

/** A session as far as it is known here: the reduction of everything up to the cursor. */
export interface Replica {
  readonly cursor: Cursor;
  readonly state: SessionState;
}

export type StreamFrame = Extract<ServerFrame, { type: 'subscribed' | 'events' | 'reset' }>;

/** What a frame made of the replica. */
export interface Heard {
  replica: Replica | undefined;
  /** In order, each once; those heard before are not among them. */
  events: readonly SessionEvent[];
  /** The replica was replaced by this before the events. */
  snapshot?: Snapshot;
  /** What came does not follow on what was there: it must be asked for again, from the cursor or from the beginning. */
  broken?: 'gap' | 'stream';
}

/** Takes in a frame of the session's stream. Pure; whatever comes in whatever order, the replica is a true one. */
export function hear(replica: Replica | undefined, frame: StreamFrame): Heard {
  switch (frame.type) {
    case 'reset':
      return replace(frame.snapshot);
    case 'subscribed':
      if (frame.snapshot) return replace(frame.snapshot);
      // Only a cursor gets an answer without a snapshot, and only one of the same stream.
      return frame.streamId === replica?.cursor.streamId
        ? { replica, events: [] }
        : { replica, events: [], broken: 'stream' };
    case 'events':
      return replica
        ? advance(replica, frame.events as SessionEvent[])
        : { replica, events: [], broken: 'stream' };
  }
}

function replace(snapshot: Snapshot): Heard {
  const { streamId, seq, ...state } = snapshot;
  return { replica: { cursor: { streamId, seq }, state }, events: [], snapshot };
}

function advance(replica: Replica, events: readonly SessionEvent[]): Heard {
  const { streamId } = replica.cursor;
  let { seq } = replica.cursor;
  let { state } = replica;
  const fresh: SessionEvent[] = [];
  for (const event of events) {
    if (event.seq <= seq) continue;
    if (event.seq > seq + 1) {
      return { replica: { cursor: { streamId, seq }, state }, events: fresh, broken: 'gap' };
    }
    state = reduce(state, event);
    seq = event.seq;
    fresh.push(event);
  }
  return fresh.length === 0
    ? { replica, events: fresh }
    : { replica: { cursor: { streamId, seq }, state }, events: fresh };
}
