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
/** More than any session has to do in one go, a count. */
const STEPS_WITHOUT_REST = 1000;

export function createLifecycleLoop(
  context: SessionContext,
  stopper: AbortController,
  onRest: () => void,
): LifecycleLoop {
  const { parts, sessionId, stream } = context;
  const { signal } = stopper;
  let running: Promise<void> | undefined;
  let change = createDeferred<void>();
  let cancelTimer = () => {};

  const run = async (): Promise<void> => {
    let failures = 0;
    for (let steps = 1; !signal.aborted && !stream.closed(); steps += 1) {
      // A step that changes nothing would be taken for ever; it must not take the whole process with it.
      if (steps % STEPS_WITHOUT_REST === 0) await pause(parts.clock, 1000, signal);
      const step = decide(factsOf(context));
      // In one go, so that no nudge falls between: from here on each one begins anew.
      if (!step) return rest();
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
    running = undefined;
  };

  const arm = (): void => {
    cancelTimer();
    const due = nextDue(context);
    if (due === null) return;
    cancelTimer = parts.clock.schedule(Math.max(0, due - parts.clock.now()), loop.nudge);
  };

  const rest = (): void => {
    running = undefined;
    saveWhenDue(context);
    arm();
    onRest();
  };

  const loop: LifecycleLoop = {
    nudge() {
      change.resolve();
      change = createDeferred<void>();
      if (running || signal.aborted) return;
      // Not in the caller's stack: whoever nudges may be in the middle of a change.
      running = Promise.resolve().then(run);
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
