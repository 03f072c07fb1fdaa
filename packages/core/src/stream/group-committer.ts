import { AgentServerError } from '@hhopkins/agent-protocol';
import type { AppendBatch, AppendResult, CommandRecord, EventLog } from '../ports/event-log.ts';
import type { Clock } from '../ports/runtime.ts';
import { withDeadline } from '../support/deadline.ts';
import { createDeferred, type Deferred } from '../support/deferred.ts';

/** How many events, or how many milliseconds, are gathered into one commit; whichever comes first. */
export interface GroupCommitSettings {
  windowMs: number;
  maximumEvents: number;
}

export const GROUP_COMMIT: GroupCommitSettings = { windowMs: 5, maximumEvents: 500 };

/** Gathers the appends of all sessions, so that one durable commit serves many. */
export interface GroupCommitter {
  /** Resolves once the batch is durable or refused. Rejects when the outcome is unknown. */
  submit(batch: AppendBatch): Promise<AppendResult>;
  /** Resolves when nothing waits any more. */
  flush(): Promise<void>;
}

interface Waiting {
  batch: AppendBatch;
  answer: Deferred<AppendResult>;
  /** Joined with others it was refused, for what may be the fault of one of them. */
  alone?: boolean;
}

/** After so long the outcome counts as unknown, and the next commit may begin. */
const APPEND_MS = 30_000;

/**
 * One `append` is under way at a time; what arrives meanwhile goes with the next one. A session's batches keep their order:
 * they are joined where they follow each other, otherwise the later one waits for the next commit.
 */
export function createGroupCommitter(
  log: EventLog,
  clock: Clock,
  settings: GroupCommitSettings = GROUP_COMMIT,
): GroupCommitter {
  let queue: Waiting[] = [];
  let eventsWaiting = 0;
  let cancelTimer: (() => void) | undefined;
  let running: Promise<void> | undefined;

  /** The next commit: whole sessions in the order they came, up to about the maximum. */
  const take = (): Waiting[][] => {
    const groups = new Map<string, Waiting[]>();
    const later: Waiting[] = [];
    const closed = new Set<string>();
    let events = 0;
    for (const waiting of queue) {
      const { sessionId } = waiting.batch;
      const group = groups.get(sessionId);
      const full = events >= settings.maximumEvents;
      if (closed.has(sessionId) || full || (group && !follows(group, waiting))) {
        closed.add(sessionId);
        later.push(waiting);
        continue;
      }
      events += waiting.batch.events.length;
      if (group) group.push(waiting);
      else groups.set(sessionId, [waiting]);
    }
    queue = later;
    eventsWaiting -= events;
    return [...groups.values()];
  };

  const putBack = (group: readonly Waiting[]): void => {
    queue = [...group.map((waiting) => ({ ...waiting, alone: true })), ...queue];
    eventsWaiting += group.reduce((sum, { batch }) => sum + batch.events.length, 0);
  };

  const commit = async (): Promise<void> => {
    const groups = take();
    try {
      const batches = groups.map((group) => join(group.map(({ batch }) => batch)));
      const results = await withDeadline(
        clock,
        APPEND_MS,
        'The outcome of an append',
        log.append(batches),
        'store_unavailable',
      );
      groups.forEach((group, index) => {
        const result = results[index];
        if (group.length > 1 && result?.ok === false && result.code === 'event_too_large') {
          putBack(group);
          return;
        }
        for (const { answer } of group) {
          if (result) answer.resolve(result);
          else
            answer.reject(
              new AgentServerError('store_unavailable', 'The event log gave no result for a batch'),
            );
        }
      });
    } catch (error) {
      for (const { answer } of groups.flat())
        answer.reject(AgentServerError.from(error, 'store_unavailable'));
    }
  };

  const run = (): void => {
    cancelTimer?.();
    cancelTimer = undefined;
    if (running || queue.length === 0) return;
    running = commit().finally(() => {
      running = undefined;
      // What came in meanwhile has waited for a whole commit already.
      run();
    });
  };

  return {
    submit(batch) {
      const answer = createDeferred<AppendResult>();
      queue.push({ batch, answer });
      eventsWaiting += batch.events.length;
      if (!running) {
        if (eventsWaiting >= settings.maximumEvents) run();
        else cancelTimer ??= clock.schedule(settings.windowMs, run, { keepAlive: true });
      }
      return answer.promise;
    },
    async flush() {
      while (queue.length > 0 || running) {
        run();
        await running;
      }
    },
  };
}

/** New commands may be refused on their own, so they are never joined with anything. */
function follows(group: readonly Waiting[], { batch: next, alone }: Waiting): boolean {
  const last = group.at(-1)?.batch;
  return (
    last !== undefined &&
    !alone &&
    !group.some((waiting) => waiting.alone) &&
    !last.newCommands?.length &&
    !next.newCommands?.length &&
    last.epoch === next.epoch &&
    last.streamId === next.streamId &&
    last.expectedHead + last.events.length === next.expectedHead
  );
}

/** Consecutive batches of one session as one. */
function join(batches: readonly AppendBatch[]): AppendBatch {
  const [first, ...rest] = batches;
  if (!first) throw new AgentServerError('internal', 'An empty group cannot be joined');
  if (rest.length === 0) return first;
  const journal = batches.findLast((batch) => batch.journal)?.journal;
  return {
    ...first,
    ...(journal ? { journal } : {}),
    events: batches.flatMap((batch) => batch.events),
    commands: latestOf(batches.flatMap((batch) => batch.commands ?? [])),
  };
}

/** A store may refuse to write the same command twice in one statement. */
function latestOf(commands: readonly CommandRecord[]): CommandRecord[] {
  const keyed = commands.map((command) => [`${command.principal} ${command.commandId}`, command] as const);
  return [...new Map(keyed).values()];
}
