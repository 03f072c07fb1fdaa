import type { SessionFacts } from './decide.ts';
import { saveDue } from './saving.ts';
import { nextTurn, type SessionContext } from './session-context.ts';

const NEVER = Number.POSITIVE_INFINITY;

/** What `decide` looks at, of this moment. */
export function factsOf(context: SessionContext): SessionFacts {
  const { stream, record, held, link, parts } = context;
  const { session } = stream.latest();
  const now = parts.clock.now();
  return {
    logUncertain: stream.uncertain(),
    terminated: session.status === 'terminated',
    releasing: session.sandbox.status === 'releasing' || session.sandbox.status === 'lost',
    claimed: Boolean(record.current().sandbox),
    sandbox: held ? 'held' : 'none',
    runner: link ? 'connected' : 'none',
    mayConnect: now >= context.connectAfter,
    nextTurnId: nextTurn(context)?.turnId ?? null,
    activeTurnId: session.activeTurn?.turnId ?? null,
    handedTurnId: context.handedTurnId,
    controlsWaiting: context.controls.length > 0,
    wakeRequested: context.wakers.length > 0,
    turnSilent: now >= silenceDue(context),
    asksOverdue: now >= asksDue(context),
    idle: now >= idleDue(context),
  };
}

/** When the facts change by time alone; null when they do not. */
export function nextDue(context: SessionContext): number | null {
  const { session } = context.stream.latest();
  if (!context.held || session.status === 'terminated' || context.stream.uncertain()) return null;
  if (!context.link) return context.connectAfter;
  const due = Math.min(saveDue(context), asksDue(context), idleDue(context), silenceDue(context));
  return Number.isFinite(due) ? due : null;
}

function idleDue({ lastActivity, lastBackground, transfers, parts, stream }: SessionContext): number {
  if (stream.latest().session.status !== 'idle' || transfers > 0) return NEVER;
  return Math.max(lastActivity, lastBackground) + parts.settings.idleTimeoutMs;
}

/** A turn that runs, or that the runner should have begun, gives a sign of life before. */
function silenceDue({ lastTurnEvent, parts, stream }: SessionContext): number {
  // Of what is committed, as `lastTurnEvent` is.
  const { status } = stream.committed().session;
  return status === 'running' || status === 'queued' ? lastTurnEvent + parts.settings.turnTimeoutMs : NEVER;
}

const asksDue = (context: SessionContext): number =>
  Math.min(NEVER, ...context.askedAt.values()) + context.parts.settings.requestTimeoutMs;

export const isOverdue = (context: SessionContext, requestId: string): boolean => {
  const { clock, settings } = context.parts;
  const askedAt = context.askedAt.get(requestId);
  return askedAt !== undefined && clock.now() >= askedAt + settings.requestTimeoutMs;
};
