import {
  AgentServerError,
  type JournalPosition,
  type PendingEvent,
  reduce,
  type SessionEvent,
  type SessionState,
  type Snapshot,
} from '@hhopkins/agent-protocol';
import type { AppendBatch, CommandRecord, EventLog, StreamInfo } from '../ports/event-log.ts';
import type { Clock } from '../ports/runtime.ts';
import { pause } from '../support/deadline.ts';
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
  /** Raised when what was assigned is void: whoever appended before has nothing to publish. */
  let generation = 0;
  let settling: Promise<void> | undefined;
  let closed: AgentServerError | undefined;
  const aborter = new AbortController();

  const publish = (events: readonly SessionEvent[], journal: JournalPosition | undefined): void => {
    committedJournal = journal ?? committedJournal;
    if (events.length === 0) return;
    committedState = events.reduce(reduce, committedState);
    committedSeq += events.length;
    recent = recent.length + events.length > 2 * RECENT_EVENTS ? [...recent, ...events].slice(-RECENT_EVENTS) : [...recent, ...events];
    options.onCommit(events, committedState);
  };

  const rollBack = (): void => {
    generation += 1;
    latestSeq = committedSeq;
    latestState = committedState;
  };

  const fence = (message: string): AgentServerError => {
    const error = new AgentServerError('stale_epoch', `Session ${sessionId}: ${message}`);
    if (!closed) {
      closed = error;
      options.onFenced();
    }
    return error;
  };

  /** After an unknown outcome: what does the log say happened? Until that is known nothing is appended. */
  const settle = async (batch: AppendBatch): Promise<boolean> => {
    for (let attempt = 0; !aborter.signal.aborted; attempt += 1) {
      try {
        const now = await log.stream(sessionId);
        if (!now || now.streamId !== streamId || now.epoch > epoch) throw fence('another server writes its stream');
        const last = batch.expectedHead + batch.events.length;
        return batch.events.length > 0 && now.head >= last;
      } catch (error) {
        if (AgentServerError.isInstance(error) && error.code === 'stale_epoch') throw error;
        await pause(clock, SETTLE_PAUSES_MS[Math.min(attempt, SETTLE_PAUSES_MS.length - 1)] ?? 1000, aborter.signal);
      }
    }
    throw new AgentServerError('store_unavailable', `Session ${sessionId}: the store did not come back in time`);
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
      if (settling) throw new AgentServerError('store_unavailable', `Session ${sessionId}: the store failed and is asked again`);
      const mine = generation;
      const expectedHead = latestSeq;
      const events = pending.map((event, index): SessionEvent => ({ seq: expectedHead + 1 + index, ...event }) as SessionEvent);
      latestSeq += events.length;
      latestState = events.reduce(reduce, latestState);
      const batch: AppendBatch = { sessionId, streamId, epoch, expectedHead, events, ...rest };

      try {
        const result = await committer.submit(batch);
        if (result.ok) {
          publish(events, batch.journal);
          return events;
        }
        if (result.code === 'stale_epoch') throw fence(result.message);
        // Everything assigned after a refused batch has a wrong seq; each of those is refused in turn.
        if (mine === generation) rollBack();
        throw new AgentServerError(result.code, `Session ${sessionId}: ${result.message}`);
      } catch (error) {
        const failure = AgentServerError.from(error, 'store_unavailable');
        if (failure.code !== 'store_unavailable' || mine !== generation) throw failure;
        rollBack();
        const settled = settle(batch);
        settling = settled.then(
          (landed) => {
            if (landed) publish(events, batch.journal);
            latestSeq = committedSeq;
            latestState = committedState;
            settling = undefined;
          },
          () => {
            settling = undefined;
          },
        );
        if (await settled) {
          await settling;
          return events;
        }
        throw failure;
      }
    },

    close() {
      closed ??= new AgentServerError('shutting_down', `Session ${sessionId} is being handed over; try again`);
      aborter.abort();
    },
  };
}
