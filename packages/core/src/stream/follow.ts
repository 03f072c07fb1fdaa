import {
  AgentServerError,
  initialState,
  LIMITS,
  type SessionEvent,
  type Snapshot,
} from '@hhopkins/agent-protocol';
import { eventJson } from '../bus/event-json.ts';
import type { Follow, FollowItem, ReaderCursor } from '../engine-interface.ts';
import type { EventLog, ReadResult } from '../ports/event-log.ts';
import type { Clock } from '../ports/runtime.ts';
import { readState } from './read-state.ts';
import type { StreamHub } from './stream-hub.ts';

/** Where a reader finds a stream: in memory when this server runs the session, else in the log. */
export interface StreamSource {
  log: EventLog;
  hub: StreamHub;
  clock: Clock;
  /** At most `limit` committed events after `seq`, when the stream is the given one and all of them are in memory. */
  recent(sessionId: string, streamId: string, after: number, limit: number): readonly SessionEvent[] | null;
  /** Makes the stream of a session whose store keeps none. Rejects with `session_not_found`. */
  makeStream(sessionId: string): Promise<unknown>;
}

type Page =
  | { kind: 'events'; streamId: string; events: readonly SessionEvent[] }
  | Extract<ReadResult, { kind: 'reset' }>;

const PAGE = { limit: 500, maximumBytes: LIMITS.readerBuffer / 4 };
/** How long a reader trusts the hub before it looks into the log itself. */
const POLL_MS = 5000;

/**
 * A reader of one session's stream: the cursor is its only state, so it can neither miss an event nor see one twice. It
 * ends when the session does, or the server stops.
 *
 * @throws AgentServerError `shutting_down` from the first item, when the server stops before it
 */
export function createFollow(
  source: StreamSource,
  sessionId: string,
  cursor: ReaderCursor | undefined,
  stopped: AbortSignal,
): Follow {
  const { log, hub, clock } = source;
  const aborter = new AbortController();
  const signal = AbortSignal.any([aborter.signal, stopped]);

  /** A reader that was told nothing yet would take a plain end for a session that does not exist. */
  const assertRunning = () => {
    if (stopped.aborted)
      throw new AgentServerError('shutting_down', 'The server is stopping; try again in a moment');
  };

  async function* read(): AsyncGenerator<FollowItem, void, undefined> {
    let bell = createBell(clock);
    const unwatch = hub.watch(sessionId, () => bell.ring());
    const onAbort = () => bell.ring();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      assertRunning();
      if (signal.aborted) return;
      if (!(await log.stream(sessionId))) await source.makeStream(sessionId);
      let position: ReaderCursor | undefined = cursor && { ...cursor };
      if (!position) {
        const snapshot = await readState(log, sessionId);
        if (!snapshot) return;
        position = { streamId: snapshot.streamId, seq: snapshot.seq };
        yield { type: 'subscribed', ...position, streamId: snapshot.streamId, snapshot };
      }
      let greeted = cursor === undefined;
      while (!signal.aborted) {
        // Taken before the read: what is committed from here on rings this bell or is in the page.
        bell = createBell(clock);
        const page = await nextPage(position, greeted);
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
      if (!greeted) assertRunning();
    } finally {
      unwatch();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Memory is asked only by a reader whose cursor the log has found good once. */
  const nextPage = async ({ streamId, seq }: ReaderCursor, greeted: boolean): Promise<Page | null> => {
    const recent = greeted && streamId ? source.recent(sessionId, streamId, seq, PAGE.limit) : null;
    if (recent)
      return { kind: 'events', streamId: streamId ?? '', events: firstOf(recent, PAGE.maximumBytes) };
    return log.read(sessionId, { after: seq, streamId, ...PAGE });
  };

  return {
    [Symbol.asyncIterator]: () => read(),
    close: () => aborter.abort(),
  };
}

/** As many as fit, one at least: what a reader holds while it is slow. */
function firstOf(events: readonly SessionEvent[], maximumCharacters: number): readonly SessionEvent[] {
  let characters = 0;
  const end = events.findIndex((event, index) => {
    characters += eventJson(event).length;
    return index > 0 && characters > maximumCharacters;
  });
  return end < 0 ? events : events.slice(0, end);
}

/** Rings once; whoever waits, or comes to wait later, goes on. */
function createBell(clock: Clock) {
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
        const cancel = clock.schedule(milliseconds, resolve);
        wake = () => {
          cancel();
          resolve();
        };
      });
    },
  };
}
