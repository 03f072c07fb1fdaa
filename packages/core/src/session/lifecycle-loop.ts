import { AgentServerError } from '@hhopkins/agent-protocol';
import { pause } from '../support/deadline.ts';
import { decide, type SessionFacts } from './decide.ts';
import type { SessionContext } from './session-context.ts';
import { STEPS } from './steps.ts';

/** Takes one step after the other until there is only to wait. */
export interface LifecycleLoop {
  /** Something changed. */
  nudge(): void;
  /** Resolves when there is nothing to do at the moment. */
  rested(): Promise<void>;
  /** No further step; resolves when the one under way is done. */
  stop(): Promise<void>;
}

const BACK_OFF_MS = [100, 250, 500, 1000, 2000, 5000];

export function createLifecycleLoop(context: SessionContext, onRest: () => void): LifecycleLoop {
  const { parts, sessionId } = context;
  const stopper = new AbortController();
  let running: Promise<void> | undefined;
  let nudged = false;
  let cancelTimer = () => {};

  const run = async (): Promise<void> => {
    for (let failures = 0; !stopper.signal.aborted; ) {
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
        if (failure.code === 'stale_epoch' || failure.code === 'shutting_down') return;
        parts.logger.log('warn', `step ${step} failed; it is tried again`, {
          sessionId,
          code: failure.code,
          error: failure.message,
        });
        await pause(
          parts.clock,
          BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)] ?? 5000,
          stopper.signal,
        );
        failures += 1;
      }
    }
  };

  const arm = (): void => {
    cancelTimer();
    const due = nextDue(context);
    if (due === null || stopper.signal.aborted) return;
    cancelTimer = parts.clock.schedule(Math.max(0, due - parts.clock.now()), loop.nudge);
  };

  const loop: LifecycleLoop = {
    nudge() {
      nudged = true;
      if (running || stopper.signal.aborted) return;
      running = run().finally(() => {
        running = undefined;
        if (nudged && !stopper.signal.aborted) return loop.nudge();
        syncWhenDue(context);
        arm();
        onRest();
      });
    },
    async rested() {
      while (running) await running;
    },
    async stop() {
      stopper.abort();
      cancelTimer();
      await running;
    },
  };
  return loop;
}

function factsOf(context: SessionContext): SessionFacts {
  const { stream, record, held, link, parts } = context;
  const { session } = stream.latest();
  const now = parts.clock.now();
  const { turnTimeoutMs } = parts.settings;
  return {
    terminated: session.status === 'terminated',
    claimed: Boolean(record.current().sandbox),
    sandbox: held ? 'held' : 'none',
    runner: link ? 'connected' : 'none',
    nextTurnId: session.activeTurn ? null : (session.queue[0]?.turnId ?? null),
    activeTurnId: session.activeTurn?.turnId ?? null,
    handedTurnId: context.handedTurnId,
    controlsWaiting: context.controls.length > 0,
    wakeRequested: context.wakers.length > 0,
    turnSilent: session.status === 'running' && now - context.lastTurnEvent >= turnTimeoutMs,
    asksOverdue: now >= asksDue(context),
    idle: session.status === 'idle' && now >= idleDue(context),
  };
}

const idleDue = ({ lastActivity, parts }: SessionContext): number =>
  lastActivity + parts.settings.idleTimeoutMs;

const asksDue = ({ askedAt, parts }: SessionContext): number =>
  Math.min(...askedAt.values()) + parts.settings.requestTimeoutMs;

const syncDue = ({ unsaved, lastSync, parts }: SessionContext): number =>
  unsaved ? lastSync + parts.settings.syncIntervalMs : Number.POSITIVE_INFINITY;

/** When the facts change by time alone. */
function nextDue(context: SessionContext): number | null {
  const { status } = context.stream.latest().session;
  if (!context.link || status === 'terminated') return null;
  const due = Math.min(
    syncDue(context),
    asksDue(context),
    status === 'idle' ? idleDue(context) : Number.POSITIVE_INFINITY,
    status === 'running'
      ? context.lastTurnEvent + context.parts.settings.turnTimeoutMs
      : Number.POSITIVE_INFINITY,
  );
  return Number.isFinite(due) ? due : null;
}

/** Saving goes on beside the steps: a large workspace must not hold up the next turn. */
export function syncWhenDue(context: SessionContext, force = false): void {
  const { link, parts, synchroniser, sessionId } = context;
  const now = parts.clock.now();
  if (!link || !context.unsaved || (!force && now < syncDue(context))) return;
  context.unsaved = false;
  context.lastSync = now;
  synchroniser.run(link).catch((error: unknown) => {
    context.unsaved = true;
    parts.logger.log('warn', 'session not saved; it is tried again', {
      sessionId,
      error: AgentServerError.from(error).message,
    });
    context.nudge();
  });
}
