import type { EventPayload, SessionEvent } from './events.ts';
import type { Usage } from './primitives.ts';
import type { Session, TurnOutcome } from './session.ts';

/** The part of the reduction that concerns the session itself. */
export function reduceSession(session: Session, event: SessionEvent): Session {
  const { timestamp } = event.context;
  switch (event.type) {
    case 'session:created':
      return {
        ...session,
        ...event.payload,
        sessionOptions: event.payload.sessionOptions ?? {},
        metadata: event.payload.metadata ?? {},
        createdAt: timestamp,
      };
    case 'session:updated':
      return { ...session, ...event.payload };
    case 'session:restored':
      return { ...session, restored: event.payload };
    case 'session:terminated':
      return {
        ...session,
        status: 'terminated',
        queue: [],
        activeTurn: null,
        pending: { permissions: [], questions: [] },
      };
    case 'options:update':
      return { ...session, sessionOptions: event.payload.sessionOptions };
    case 'turn:queued':
      return { ...session, queue: enqueue(session.queue, event.payload, timestamp) };
    case 'turn:cancelled':
      return { ...session, queue: without(session.queue, event.payload.turnId) };
    case 'turn:started': {
      const { turnId, messageId, origin } = event.payload;
      return {
        ...session,
        queue: without(session.queue, turnId),
        activeTurn: { turnId, messageId, startedAt: timestamp, ...(origin ? { origin } : {}) },
      };
    }
    case 'turn:completed':
      return addUsage(endTurn(session, 'completed', event.payload, timestamp), session, event.payload);
    case 'turn:failed':
      return addUsage(endTurn(session, 'failed', event.payload, timestamp), session, {});
    case 'turn:interrupted':
      return addUsage(endTurn(session, 'interrupted', event.payload, timestamp), session, {});
    case 'permission:requested':
      return withPending(session, { permissions: [...session.pending.permissions, event.payload] });
    case 'permission:resolved':
      return resolve(session, event.payload);
    case 'question:requested':
      return withPending(session, { questions: [...session.pending.questions, event.payload] });
    case 'question:resolved':
      return resolve(session, event.payload);
    case 'metadata:update': {
      const { model, usage, costUSD } = event.payload;
      const activeTurn = session.activeTurn && {
        ...session.activeTurn,
        ...(usage ? { usage } : {}),
        ...(costUSD === undefined ? {} : { costUSD }),
      };
      return { ...session, activeTurn, ...(model ? { model } : {}) };
    }
    case 'sandbox:creating':
      return { ...session, sandbox: { status: 'creating', message: event.payload.message } };
    case 'sandbox:ready':
      return { ...session, sandbox: { status: 'ready', ...event.payload } };
    case 'sandbox:releasing': {
      const { sandboxId, reason } = event.payload;
      return { ...session, sandbox: { ...session.sandbox, status: 'releasing', sandboxId, message: reason } };
    }
    case 'sandbox:lost':
      return { ...session, sandbox: { status: 'lost', message: event.payload.reason } };
    case 'sandbox:terminated':
      return { ...session, sandbox: { status: 'none' } };
    case 'workspace:saved':
      return { ...session, workspaceSavedAt: timestamp };
    case 'transcript:saved':
      return { ...session, transcriptSavedAt: timestamp };
    default:
      return session;
  }
}

type Queue = Session['queue'];

/** `interrupt` goes to the front, everything else to the end. */
function enqueue(queue: Queue, payload: EventPayload<'turn:queued'>, queuedAt: string): Queue {
  const turn = { ...payload, queuedAt };
  return payload.delivery === 'interrupt' ? [turn, ...queue] : [...queue, turn];
}

const without = (queue: Queue, turnId: string): Queue => queue.filter((turn) => turn.turnId !== turnId);

const unless = <Request extends { requestId: string }>(requests: Request[], requestId: string): Request[] =>
  requests.filter((request) => request.requestId !== requestId);

const withPending = (session: Session, change: Partial<Session['pending']>): Session => ({
  ...session,
  pending: { ...session.pending, ...change },
});

function resolve(session: Session, { requestId, outcome }: { requestId: string; outcome: string }): Session {
  const { permissions, questions } = session.pending;
  return {
    ...session,
    pending: { permissions: unless(permissions, requestId), questions: unless(questions, requestId) },
    resolved: [...session.resolved, { requestId, outcome }].slice(-50),
  };
}

interface TurnEnd {
  turnId: string;
  code?: string;
  message?: string;
  retryable?: boolean;
}

function endTurn(session: Session, outcome: TurnOutcome, end: TurnEnd, endedAt: string): Session {
  const { turnId, code, message, retryable } = end;
  const active = session.activeTurn?.turnId === turnId;
  return {
    ...session,
    queue: without(session.queue, turnId),
    activeTurn: active ? null : session.activeTurn,
    lastTurn: {
      turnId,
      outcome,
      endedAt,
      ...(code === undefined ? {} : { code }),
      ...(message === undefined ? {} : { message }),
      ...(retryable === undefined ? {} : { retryable }),
    },
  };
}

/** What the turn itself reported last counts; `metadata:update` stands in for turns that ended without a report. */
function addUsage(
  after: Session,
  before: Session,
  end: { usage?: Usage | undefined; costUSD?: number | undefined },
): Session {
  const usage = end.usage ?? before.activeTurn?.usage;
  const cost = end.costUSD ?? before.activeTurn?.costUSD ?? 0;
  return { ...after, usage: usage ? sum(after.usage, usage) : after.usage, costUSD: after.costUSD + cost };
}

function sum(left: Usage, right: Usage): Usage {
  const total = (a: number | undefined, b: number | undefined) =>
    a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0);
  const cacheReadTokens = total(left.cacheReadTokens, right.cacheReadTokens);
  const cacheWriteTokens = total(left.cacheWriteTokens, right.cacheWriteTokens);
  return {
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    ...(cacheReadTokens === undefined ? {} : { cacheReadTokens }),
    ...(cacheWriteTokens === undefined ? {} : { cacheWriteTokens }),
  };
}
