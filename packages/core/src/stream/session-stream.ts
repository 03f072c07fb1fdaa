import {
  AgentServerError,
  type JournalPosition,
  type PendingEvent,
  reduce,
  type SessionEvent,
  type SessionState,
  type Snapshot,
} from '@hhopkins/agent-protocol';
import type { CommandRecord, EventLog, StreamInfo } from '../ports/event-log.ts';
import type { Clock } from '../ports/runtime.ts';
import { pause } from '../support/deadline.ts';
import { createDeferred, type Deferred } from '../support/deferred.ts';
import type { GroupCommitter } from './group-committer.ts';

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
  /** What has been committed of the runner's journal. */
  journal(): JournalPosition | null;
  /** Committed events after `seq`, when all of them are still in memory. */
  recent(after: number): readonly SessionEvent[] | null;
  /**
   * Resolves with the committed events. Rejects with the log's code when they were refused, and with `store_unavailable`
   * when the store failed; the state is then as if they had never been said.
   */
  append(append: Append): Promise<readonly SessionEvent[]>;
  /** Rejects everything from now on; readers keep what is committed. */
  close(): void;
}

export interface SessionStreamOptions {
  sessionId: string;
  info: Pick<StreamInfo, 'streamId' | 'head' | 'journal'>;
  epoch: number;
  state: SessionState;
  log: EventLog;
  committer: GroupCommitter;
  clock: Clock;
  /** Called in order, after the commit, once for every batch that has events. */
  onCommit(events: readonly SessionEvent[], state: SessionState): void;
  /** Another owner took over: nothing can be written any more. */
  onFenced(): void;
}

const RECENT_EVENTS = 1000;
const SETTLE_PAUSES_MS = [50, 100, 250, 500, 1000];

export function createSessionStream(options: SessionStreamOptions): SessionStream {
  const { sessionId, log, committer, clock, epoch, info } = options;
  const { streamId } = info;
  let committedSeq = info.head;
  let committedState = options.state;
  let committedJournal = info.journal;
  let latestSeq = info.head;
  let latestState = options.state;
  let recent: SessionEvent[] = [];
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
    recent = [...recent, ...events];
    if (recent.length > 2 * RECENT_EVENTS) recent = recent.slice(-RECENT_EVENTS);
    options.onCommit(events, committedState);
  };

  const fence = (message: string): AgentServerError => {
    const error = new AgentServerError('stale_epoch', `Session ${sessionId}: ${message}`);
    if (!closed) {
      closed = error;
      options.onFenced();
    }
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
      const page = await log.read(sessionId, { after: committedSeq, streamId, limit: RECENT_EVENTS });
      if (page?.kind !== 'events' || page.events.length === 0) throw fence('its stream was replaced');
      publish(page.events, now.journal);
    }
    committedJournal = now.journal ?? committedJournal;
  };

  const settle = async (drained: Promise<void>): Promise<void> => {
    await drained;
    for (let attempt = 0; ; attempt += 1) {
      try {
        await catchUp();
        break;
      } catch (error) {
        if (closed) throw closed;
        if (AgentServerError.isInstance(error) && error.code === 'stale_epoch') throw error;
        await pause(
          clock,
          SETTLE_PAUSES_MS[Math.min(attempt, SETTLE_PAUSES_MS.length - 1)] ?? 1000,
          aborter.signal,
        );
      }
    }
    latestSeq = committedSeq;
    latestState = committedState;
    settling = undefined;
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
    journal: () => committedJournal,
    recent(after) {
      if (after >= committedSeq) return [];
      const first = recent[0]?.seq ?? Number.POSITIVE_INFINITY;
      return after + 1 >= first ? recent.slice(after + 1 - first) : null;
    },

    async append({ events: pending, ...rest }) {
      if (closed) throw closed;
      if (settling) throw unavailable(sessionId);
      const expectedHead = latestSeq;
      const events = pending.map(
        (event, index): SessionEvent => ({ seq: expectedHead + 1 + index, ...event }) as SessionEvent,
      );
      latestSeq += events.length;
      latestState = events.reduce(reduce, latestState);
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
      await startSettling();
      if ('ok' in outcome && !outcome.ok) {
        throw new AgentServerError(outcome.code, `Session ${sessionId}: ${outcome.message}`);
      }
      if (expectedHead + events.length <= committedSeq && events.length > 0) return events;
      throw outcome instanceof Error ? outcome : unavailable(sessionId);
    },

    close() {
      closed ??= new AgentServerError(
        'shutting_down',
        `Session ${sessionId} is being handed over; try again`,
      );
      aborter.abort();
    },
  };
}

const unavailable = (sessionId: string): AgentServerError =>
  new AgentServerError(
    'store_unavailable',
    `Session ${sessionId}: the store failed and is being asked again; try later`,
  );
