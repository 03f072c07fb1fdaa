import type { FollowItem, ReaderCursor } from '@hhopkins/agent-core';
import {
  initialState,
  type ReadEventsResponse,
  reduce,
  type SessionEvent,
  type Snapshot,
} from '@hhopkins/agent-protocol';

/** What `emit` makes events of; `type` defaults to `log`. */
export type EventDraft = Pick<SessionEvent, 'type' | 'payload'>;

/** One session's events in memory, with the laws of the stream: the oracle that readers are held against. */
export interface ScriptedStream {
  readonly streamId: string;
  readonly events: readonly SessionEvent[];
  readonly head: number;
  emit(drafts: readonly EventDraft[]): SessionEvent[];
  /** The log was lost: everything begins again under another id. */
  replace(): void;
  /** Cursors below `seq` are of no use from now on. */
  raiseFloor(seq: number): void;
  end(): void;
  snapshot(at?: number): Snapshot;
  read(query: { after: number; streamId?: string | undefined; limit: number }): ReadEventsResponse;
  follow(cursor: ReaderCursor | undefined, pageSize: number, signal: AbortSignal): AsyncGenerator<FollowItem>;
}

export function createScriptedStream(sessionId: string): ScriptedStream {
  let generation = 1;
  let streamId = `${sessionId}-stream-1`;
  let events: SessionEvent[] = [];
  let floor = 0;
  let ended = false;
  let waiters: (() => void)[] = [];

  const ring = () => {
    const woken = waiters;
    waiters = [];
    for (const wake of woken) wake();
  };

  const snapshot = (at = events.length): Snapshot => ({
    ...events.slice(0, at).reduce(reduce, initialState(sessionId)),
    streamId,
    seq: at,
  });

  const isUseless = (cursor: ReaderCursor): boolean =>
    (cursor.streamId !== undefined && cursor.streamId !== streamId) ||
    cursor.seq < floor ||
    cursor.seq > events.length;

  return {
    get streamId() {
      return streamId;
    },
    get events() {
      return events;
    },
    get head() {
      return events.length;
    },
    emit(drafts) {
      const added = drafts.map(
        (draft, index) =>
          ({
            seq: events.length + index + 1,
            ...draft,
            context: {
              sessionId,
              conversationId: 'main',
              source: 'engine',
              timestamp: new Date(0).toISOString(),
            },
          }) as SessionEvent,
      );
      events.push(...added);
      ring();
      return added;
    },
    replace() {
      generation += 1;
      streamId = `${sessionId}-stream-${generation}`;
      events = [];
      floor = 0;
      ring();
    },
    raiseFloor(seq) {
      floor = seq;
    },
    end() {
      ended = true;
      ring();
    },
    snapshot,
    read({ after, streamId: of, limit }) {
      const reset = isUseless({ seq: after, streamId: of }) ? snapshot() : undefined;
      const from = reset?.seq ?? after;
      const page = events.slice(from, from + limit);
      return {
        events: page,
        next: page.at(-1)?.seq ?? from,
        head: events.length,
        streamId,
        ...(reset ? { reset } : {}),
      };
    },
    async *follow(cursor, pageSize, signal) {
      signal.addEventListener('abort', ring, { once: true });
      let greeted = false;
      let position: ReaderCursor = { streamId: cursor?.streamId ?? streamId, seq: cursor?.seq ?? 0 };
      while (!signal.aborted && !ended) {
        if ((!greeted && !cursor) || isUseless(position)) {
          const state = snapshot();
          position = { streamId, seq: state.seq };
          yield greeted
            ? { type: 'reset', snapshot: state }
            : { type: 'subscribed', streamId, seq: state.seq, snapshot: state };
          greeted = true;
          continue;
        }
        if (!greeted) {
          greeted = true;
          yield { type: 'subscribed', streamId, seq: position.seq };
          continue;
        }
        const page = events.slice(position.seq, position.seq + pageSize);
        position = { streamId, seq: position.seq + page.length };
        if (page.length > 0) yield { type: 'events', events: page };
        else await new Promise<void>((resolve) => waiters.push(resolve));
      }
    },
  };
}
