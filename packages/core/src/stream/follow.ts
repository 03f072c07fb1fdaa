import { initialState, LIMITS, type SessionEvent, type Snapshot } from '@hhopkins/agent-protocol';
import type { Follow, FollowItem, ReaderCursor } from '../engine-interface.ts';
import type { EventLog, ReadResult } from '../ports/event-log.ts';
import { readState } from './read-state.ts';
import type { StreamHub } from './stream-hub.ts';

/** Where a reader finds a stream: in memory when this server runs the session, else in the log. */
export interface StreamSource {
  log: EventLog;
  hub: StreamHub;
  /** Committed events after `seq`, when the stream is the given one and all of them are in memory. */
  recent(sessionId: string, streamId: string, after: number): readonly SessionEvent[] | null;
}

type Page =
  | { kind: 'events'; streamId: string; events: readonly SessionEvent[] }
  | Extract<ReadResult, { kind: 'reset' }>;

const PAGE = { limit: 500, maximumBytes: LIMITS.readerBuffer / 4 };
/** How long a reader trusts the hub before it looks into the log itself. */
const POLL_MS = 5000;

/** A reader of one session's stream: the cursor is its only state, so it can neither miss an event nor see one twice. */
export function createFollow(
  source: StreamSource,
  sessionId: string,
  cursor: ReaderCursor | undefined,
  stopped: AbortSignal,
): Follow {
  const aborter = new AbortController();
  const signal = AbortSignal.any([aborter.signal, stopped]);

  async function* read(): AsyncGenerator<FollowItem, void, undefined> {
    let bell = createBell();
    const unwatch = source.hub.watch(sessionId, () => bell.ring());
    signal.addEventListener('abort', () => bell.ring(), { once: true });
    try {
      let position: ReaderCursor | undefined = cursor && { ...cursor };
      if (!position) {
        const snapshot = await readState(source.log, sessionId);
        if (!snapshot) return;
        yield { type: 'subscribed', streamId: snapshot.streamId, seq: snapshot.seq, snapshot };
        position = { streamId: snapshot.streamId, seq: snapshot.seq };
      }
      let greeted = cursor === undefined;
      while (!signal.aborted) {
        // Taken before the read: what is committed from here on rings this bell or is in the page.
        bell = createBell();
        const streamId: string = position.streamId ?? '';
        const seq: number = position.seq;
        const recent: readonly SessionEvent[] | null = greeted
          ? source.recent(sessionId, streamId, seq)
          : null;
        const page: Page | null = recent
          ? { kind: 'events', streamId, events: recent }
          : await source.log.read(sessionId, { after: seq, streamId: position.streamId, ...PAGE });
        if (!page) return;
        if (page.kind === 'reset') {
          const snapshot: Snapshot = page.snapshot ?? {
            streamId: page.streamId,
            seq: 0,
            ...initialState(sessionId),
          };
          position = { streamId: page.streamId, seq: snapshot.seq };
          yield greeted
            ? { type: 'reset', snapshot }
            : { type: 'subscribed', streamId: page.streamId, seq: snapshot.seq, snapshot };
          greeted = true;
          continue;
        }
        if (!greeted) {
          greeted = true;
          yield { type: 'subscribed', streamId: page.streamId, seq: position.seq };
        }
        position = { streamId: page.streamId, seq: page.events.at(-1)?.seq ?? position.seq };
        if (page.events.length > 0) yield { type: 'events', events: page.events };
        else await bell.wait(POLL_MS, signal);
      }
    } finally {
      unwatch();
    }
  }

  return {
    [Symbol.asyncIterator]: () => read(),
    close: () => aborter.abort(),
  };
}

/** Rings once; whoever waits, or comes to wait later, goes on. */
function createBell() {
  let rung = false;
  let wake = () => {};
  return {
    ring() {
      rung = true;
      wake();
    },
    async wait(milliseconds: number, signal: AbortSignal): Promise<void> {
      if (rung || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}
