import type { SessionEvent, Snapshot } from '@hhopkins/agent-protocol';

export interface ReaderCursor {
  streamId?: string | undefined;
  seq: number;
}

/** What any reader gets, whatever the transport. */
export type Received =
  | { type: 'snapshot'; snapshot: Snapshot }
  | { type: 'events'; events: SessionEvent[] }
  | { type: 'lagging'; after: number };

/** A client that follows one session. */
export interface Reader {
  /** Rejects when nothing comes in time, or the connection ended. */
  next(): Promise<Received>;
  /** Ends the connection without a word. */
  drop(): void;
}

/** One way to follow a session. */
export interface ReaderKind {
  readonly id: 'rest' | 'sse' | 'websocket';
  readonly title: string;
  readonly speaks: 'http' | 'websocket';
  open(url: string, sessionId: string, cursor?: ReaderCursor): Promise<Reader>;
}

/** What came until the reader stood at `seq`. */
export interface Reading {
  /** The last one, if any: what came before it is void. */
  snapshot: Snapshot | undefined;
  /** Events since the last snapshot. */
  events: SessionEvent[];
}

/** Reads on until an event or a snapshot reaches `seq`. Rejects as soon as one event does not follow the other. */
export async function readUntil(reader: Reader, seq: number, from?: Reading): Promise<Reading> {
  let snapshot = from?.snapshot;
  let events = [...(from?.events ?? [])];
  while ((events.at(-1)?.seq ?? snapshot?.seq ?? -1) < seq) {
    const received = await reader.next();
    if (received.type === 'lagging') throw new Error(`told to resume after ${received.after}`);
    if (received.type === 'events') {
      for (const event of received.events) {
        const last = events.at(-1)?.seq ?? snapshot?.seq;
        if (last !== undefined && event.seq !== last + 1) {
          throw new Error(`event ${event.seq} came after ${last}`);
        }
        events.push(event);
      }
    } else {
      snapshot = received.snapshot;
      events = [];
    }
  }
  return { snapshot, events };
}
