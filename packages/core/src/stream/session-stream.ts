import {
  AgentServerError,
  type JournalPosition,
  LIMITS,
  type PendingEvent,
  reduce,
  type SessionEvent,
  type SessionState,
  type Snapshot,
} from '@hhopkins/agent-protocol';
import { eventJson } from '../bus/event-json.ts';
import type { CommandRecord, EventLog, StreamInfo } from '../ports/event-log.ts';
import type { Clock } from '../ports/runtime.ts';
import { pause, withDeadline } from '../support/deadline.ts';
import { createDeferred, type Deferred } from '../support/deferred.ts';
import { canonicalJson } from '../support/hash.ts';
import { mayBeUnstorable, storable } from '../support/storable.ts';
import type { GroupCommitter } from './group-committer.ts';
import { createRecentEvents } from './recent-events.ts';

/** What goes into the log together. */
export interface Append {
  events: readonly PendingEvent[];
  journal?: JournalPosition | undefined;
  commands?: readonly CommandRecord[] | undefined;
  newCommands?: readonly CommandRecord[] | undefined;
}

/**
 * The owner's end of a session's stream. It gives events their `seq`, and knows two states: `latest` includes what is still
 * on its way into the log and is what decisions are made on; `committed` is what readers may see.
 */
export interface SessionStream {
  readonly streamId: string;
  readonly epoch: number;
  latest(): SessionState;
  committed(): Snapshot;
  /** Up to where the runner's journal was read, including what is on its way into the log. */
  journal(): JournalPosition | null;
  /** What became of an append is not known yet: appends are refused, and `latest` may not stand. */
  uncertain(): boolean;
  /** At most `limit` committed events after `seq`, or null when they are not all in memory. */
  recent(after: number, limit: number): readonly SessionEvent[] | null;
  /**
   * Resolves with the committed events. Rejects with the log's code when they were refused, and with `store_unavailable`
   * when the store failed; the state is then as if they had never been said.
   */
  append(append: Append): Promise<readonly SessionEvent[]>;
  /** Rejects everything from now on; readers keep what is committed. */
  close(): void;
  /** After `close`, or since another owner took over. */
  closed(): boolean;
}

export interface SessionStreamOptions {
  sessionId: string;
  info: Pick<StreamInfo, 'streamId' | 'head' | 'journal'>;
  epoch: number;
  state: SessionState;
  log: EventLog;
  committer: GroupCommitter;
  clock: Clock;
  /** Called in order, after the commit, once for every batch that has events. What it throws goes to `onFault`. */
  onCommit(events: readonly SessionEvent[], state: SessionState): void;
  /** The log has said what became of everything: it may hold commands whose `append` was rejected. */
  onSettled(): void;
  /** Another owner took over: nothing can be written any more. */
  onFenced(): void;
  onFault(error: unknown): void;
}

const CATCH_UP_PAGE = { limit: 1000, maximumBytes: 4 * LIMITS.readerBuffer };
/** Whoever appends is not kept waiting longer for a store that is away, in milliseconds. */
const SETTLED_MS = 10_000;
const SETTLE_PAUSES_MS = [50, 100, 250, 500, 1000];

export function createSessionStream(options: SessionStreamOptions): SessionStream {
  const { sessionId, log, committer, clock, epoch, info } = options;
  const { streamId } = info;
  let committedSeq = info.head;
  let committedState = options.state;
  let committedJournal = info.journal;
  let latestSeq = info.head;
  let latestState = options.state;
  let latestJournal = info.journal;
  const recent = createRecentEvents();
  let inFlight = 0;
  /** Set from a failure until the log has said what became of everything that was on its way. */
  let settling: { done: Promise<void>; drained: Deferred<void> } | undefined;
  let closed: AgentServerError | undefined;
  const aborter = new AbortController();

  const publish = (events: readonly SessionEvent[], journal: JournalPosition | null | undefined): void => {
    committedJournal = journal ?? committedJournal;
    if (events.length === 0) return;
    committedState = events.reduce(reduce, committedState);
    committedSeq += events.length;
    recent.add(events);
    try {
      options.onCommit(events, committedState);
    } catch (error) {
      options.onFault(error);
    }
  };

  const fence = (message: string): AgentServerError => {
    const error = new AgentServerError('stale_epoch', `Session ${sessionId}: ${message}`);
    if (!closed) {
      closed = error;
      options.onFenced();
    }
    settling?.drained.resolve();
    return error;
  };

  /** Publishes what landed in the log without our knowing, from the log itself. */
  const catchUp = async (): Promise<void> => {
    const now = await log.stream(sessionId);
    // A session's very first append may not have landed: then there is no stream yet.
    if (!now && committedSeq === 0) return;
    if (!now || now.streamId !== streamId || now.epoch > epoch)
      throw fence('another server writes its stream');
    while (committedSeq < now.head) {
      const page = await log.read(sessionId, { ...CATCH_UP_PAGE, after: committedSeq, streamId });
      if (page?.kind !== 'events' || page.events.length === 0) throw fence('its stream was replaced');
      publish(
        page.events.filter(({ seq }) => seq <= now.head),
        undefined,
      );
    }
    committedJournal = now.journal ?? committedJournal;
  };

  const settle = async (drained: Promise<void>): Promise<void> => {
    await drained;
    for (let attempt = 0; ; attempt += 1) {
      if (closed) throw closed;
      try {
        await catchUp();
        break;
      } catch (error) {
        if (closed) throw closed;
        if (AgentServerError.isInstance(error) && error.code === 'stale_epoch') throw error;
        const milliseconds = SETTLE_PAUSES_MS[Math.min(attempt, SETTLE_PAUSES_MS.length - 1)] ?? 1000;
        await pause(clock, milliseconds, aborter.signal);
      }
    }
    latestSeq = committedSeq;
    latestState = committedState;
    latestJournal = committedJournal;
    settling = undefined;
    options.onSettled();
  };

  /** Whether the log has these very events: an earlier append, given up as lost, may have come to stand in their place. */
  const landed = (events: readonly SessionEvent[]): boolean => {
    const [first] = events;
    const found = first && recent.after(first.seq - 1, events.length);
    return Boolean(found?.length === events.length && canonicalJson(found) === canonicalJson(events));
  };

  const startSettling = (): Promise<void> => {
    if (!settling) {
      const drained = createDeferred<void>();
      settling = { drained, done: settle(drained.promise) };
      settling.done.catch(() => {});
    }
    const { done, drained } = settling;
    if (inFlight === 0) drained.resolve();
    return done;
  };

  return {
    streamId,
    epoch,
    latest: () => latestState,
    committed: () => ({ streamId, seq: committedSeq, ...committedState }),
    journal: () => latestJournal,
    uncertain: () => settling !== undefined,
    recent: (after, limit) => (after >= committedSeq ? [] : recent.after(after, limit)),

    async append({ events: pending, ...rest }) {
      if (closed) throw closed;
      if (settling) throw unavailable(sessionId);
      const expectedHead = latestSeq;
      const events = pending.map((event, index) => numbered(event, expectedHead + 1 + index));
      latestState = events.reduce(reduce, latestState);
      latestSeq += events.length;
      latestJournal = rest.journal ?? latestJournal;
      inFlight += 1;
      const outcome = await committer
        .submit({ sessionId, streamId, epoch, expectedHead, events, ...rest })
        .catch((error: unknown) => AgentServerError.from(error, 'store_unavailable'));
      inFlight -= 1;

      if ('ok' in outcome) {
        if (outcome.ok && !settling) {
          publish(events, rest.journal);
          return events;
        }
        if (!outcome.ok && outcome.code === 'stale_epoch') throw fence(outcome.message);
      }
      // Refused, unknown, or behind one that was: what was assigned may be void, so the log decides.
      await withDeadline(clock, SETTLED_MS, 'The answer of the store', startSettling(), 'store_unavailable');
      if ('ok' in outcome && !outcome.ok) {
        throw new AgentServerError(outcome.code, `Session ${sessionId}: ${outcome.message}`);
      }
      if (('ok' in outcome && outcome.ok) || landed(events)) return events;
      throw outcome instanceof Error ? outcome : unavailable(sessionId);
    },

    close() {
      closed ??= new AgentServerError(
        'shutting_down',
        `Session ${sessionId} is being handed over; try again`,
      );
      aborter.abort();
    },
    closed: () => closed !== undefined,
  };
}

function numbered(pending: PendingEvent, seq: number): SessionEvent {
  const event = { seq, ...pending } as SessionEvent;
  return mayBeUnstorable(eventJson(event)) ? storable(event) : event;
}

const unavailable = (sessionId: string): AgentServerError =>
  new AgentServerError(
    'store_unavailable',
    `Session ${sessionId}: the store failed and is being asked again; try later`,
  );
