import { AgentServerError } from '@hhopkins/agent-protocol';
import { pause, withDeadline } from '../support/deadline.ts';
import { createDeferred } from '../support/deferred.ts';
import { decide } from './decide.ts';
import { factsOf, nextDue } from './facts.ts';
import { saveWhenDue } from './saving.ts';
import type { SessionContext } from './session-context.ts';
import { STEPS } from './steps.ts';

/** Takes one step after the other until there is only to wait. */
export interface LifecycleLoop {
  /** Something changed. */
  nudge(): void;
  /** Resolves at the next nudge. */
  changed(): Promise<void>;
  /** Resolves when there is nothing to do at the moment. */
  rested(): Promise<void>;
  /** No further step; resolves when the one under way is done, or after a while. */
  stop(): Promise<void>;
}

const BACK_OFF_MS = [100, 250, 500, 1000, 2000, 5000];
const STOP_MS = 15_000;

export function createLifecycleLoop(
  context: SessionContext,
  stopper: AbortController,
  onRest: () => void,
): LifecycleLoop {
  const { parts, sessionId, stream } = context;
  const { signal } = stopper;
  let running: Promise<void> | undefined;
  let nudged = false;
  let change = createDeferred<void>();
  let cancelTimer = () => {};

  const run = async (): Promise<void> => {
    for (let failures = 0; !signal.aborted && !stream.closed(); ) {
      nudged = false;
      const step = decide(factsOf(context));
      if (!step) {
        if (nudged) continue;
        break;
      }
      try {
        await STEPS[step](context);
        failures = 0;
      } catch (error) {
        const failure = AgentServerError.from(error);
        parts.logger.log('warn', `step ${step} failed; it is tried again`, {
          sessionId,
          code: failure.code,
          error: failure.message,
        });
        const milliseconds = BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)] ?? 5000;
        await pause(parts.clock, milliseconds, signal);
        failures += 1;
      }
    }
  };

  const arm = (): void => {
    cancelTimer();
    const due = nextDue(context);
    if (due === null) return;
    cancelTimer = parts.clock.schedule(Math.max(0, due - parts.clock.now()), loop.nudge);
  };

  const rest = (): void => {
    running = undefined;
    if (signal.aborted || stream.closed()) return;
    if (nudged) {
      loop.nudge();
      return;
    }
    saveWhenDue(context);
    arm();
    onRest();
  };

  const loop: LifecycleLoop = {
    nudge() {
      nudged = true;
      change.resolve();
      change = createDeferred<void>();
      if (running || signal.aborted) return;
      // Not in the caller's stack: whoever nudges may be in the middle of a change.
      running = Promise.resolve().then(run).then(rest, rest);
    },
    changed: () => change.promise,
    async rested() {
      while (running) await running;
    },
    async stop() {
      stopper.abort();
      cancelTimer();
      change.resolve();
      if (!running) return;
      await withDeadline(parts.clock, STOP_MS, 'The end of a step', running).catch((error: unknown) =>
        parts.logger.log('warn', 'session let go of in the middle of a step', { sessionId, error }),
      );
    },
  };
  return loop;
}
