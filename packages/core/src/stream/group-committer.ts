import { AgentServerError } from '@hhopkins/agent-protocol';
import type { AppendBatch, AppendResult, EventLog } from '../ports/event-log.ts';
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
}

/**
 * One `append` is under way at a time; what arrives meanwhile goes with the next one. A session's batches keep their order:
 * they are joined where that cannot change an outcome, otherwise the later one waits for the next commit.
 */
export function createGroupCommitter(
  log: EventLog,
  settings: GroupCommitSettings = GROUP_COMMIT,
): GroupCommitter {
  let queue: Waiting[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> | undefined;

  const eventsWaiting = () => queue.reduce((sum, { batch }) => sum + batch.events.length, 0);

  const take = (): Map<string, Waiting[]> => {
    const groups = new Map<string, Waiting[]>();
    const later: Waiting[] = [];
    const closed = new Set<string>();
    for (const waiting of queue) {
      const { sessionId, newCommands } = waiting.batch;
      const group = groups.get(sessionId);
      const joinable = !newCommands?.length && !group?.some(({ batch }) => batch.newCommands?.length);
      if (closed.has(sessionId) || (group && !joinable)) {
        closed.add(sessionId);
        later.push(waiting);
      } else if (group) group.push(waiting);
      else groups.set(sessionId, [waiting]);
    }
    queue = later;
    return groups;
  };

  const commit = async (): Promise<void> => {
    const groups = [...take().values()];
    try {
      const results = await log.append(groups.map((group) => join(group.map(({ batch }) => batch))));
      groups.forEach((group, index) => {
        const result = results[index];
        for (const { answer } of group) {
          if (result) answer.resolve(result);
          else answer.reject(new AgentServerError('internal', 'The event log gave no result for a batch'));
        }
      });
    } catch (error) {
      for (const { answer } of groups.flat())
        answer.reject(AgentServerError.from(error, 'store_unavailable'));
    }
  };

  const run = (): void => {
    clearTimeout(timer);
    timer = undefined;
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
      if (!running) {
        if (eventsWaiting() >= settings.maximumEvents) run();
        else timer ??= setTimeout(run, settings.windowMs);
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

/** Consecutive batches of one session as one. */
function join(batches: AppendBatch[]): AppendBatch {
  const [first, ...rest] = batches;
  if (!first) throw new AgentServerError('internal', 'An empty group cannot be joined');
  if (rest.length === 0) return first;
  return {
    ...first,
    journal: batches.findLast((batch) => batch.journal)?.journal,
    events: batches.flatMap((batch) => batch.events),
    commands: batches.flatMap((batch) => batch.commands ?? []),
  };
}
