import {
  AgentServerError,
  type AnswerPermissionRequest,
  type AnswerQuestionRequest,
  type InterruptRequest,
  LIMITS,
  type MessageContent,
  type RunnerCommand,
  type Session,
  type SessionState,
} from '@hhopkins/agent-protocol';
import type { CommandRecord } from '../ports/event-log.ts';
import type { CommandPlan } from './command-desk.ts';
import type { EventFactory } from './engine-event.ts';
import { closeOpenEnds } from './turn-rules.ts';

/** What each wish of a client means, given the state of the moment. Nothing here waits or writes. */

/** The ids that a message gets; for a steering message `turnId` is that of the running turn. */
export interface MessageIds {
  messageId: string;
  turnId: string;
}

/** @param atRunner the queued turn that the runner has already */
export function planMessage(
  state: SessionState,
  event: EventFactory,
  ids: MessageIds,
  request: { content: MessageContent; delivery: 'queue' | 'steer' | 'interrupt' },
  atRunner: string | null,
  answer: (ids: MessageIds) => Record<string, unknown>,
): CommandPlan {
  const { session } = state;
  refuseTerminated(session);
  const { content, delivery } = request;
  const active = session.activeTurn?.turnId;
  if (delivery === 'steer' && active) {
    const steered = { messageId: ids.messageId, turnId: active };
    const command: RunnerCommand = { type: 'steer', commandId: ids.messageId, ...steered, content };
    return { lane: 'control', events: [], command, result: answer(steered) };
  }
  if (session.queue.length >= LIMITS.queuedTurns) {
    const message = `Session ${session.sessionId} has ${session.queue.length} messages waiting already; wait for a turn to end, or withdraw one`;
    throw new AgentServerError('queue_full', message, { details: { position: session.queue.length } });
  }
  const displaced = delivery === 'interrupt' ? (active ?? atRunner) : null;
  return {
    lane: 'turns',
    events: [event('turn:queued', { ...ids, content, delivery }, { turnId: ids.turnId })],
    command: { type: 'turn', commandId: ids.turnId, ...ids, content } satisfies RunnerCommand,
    further: displaced ? [interruptOf(displaced)] : [],
    result: answer(ids),
  };
}

export function planCancel(
  state: SessionState,
  event: EventFactory,
  messageId: string,
  atRunner: string | null,
): CommandPlan {
  const { session } = state;
  refuseTerminated(session);
  const queued = session.queue.find((turn) => turn.messageId === messageId && turn.turnId !== atRunner);
  if (!queued) {
    throw new AgentServerError(
      'message_not_found',
      `Message ${messageId} does not wait in session ${session.sessionId}: it was never sent, or its turn began`,
    );
  }
  const { turnId } = queued;
  return {
    lane: 'control',
    events: [event('turn:cancelled', { turnId, messageId }, { turnId })],
    result: {},
  };
}

export function planInterrupt(
  state: SessionState,
  event: EventFactory,
  request: InterruptRequest,
  atRunner: string | null,
): CommandPlan {
  const { session } = state;
  refuseTerminated(session);
  const active = session.activeTurn?.turnId;
  const turnId = request.turnId ?? active ?? atRunner ?? session.queue[0]?.turnId;
  const known =
    turnId !== undefined && (active === turnId || session.queue.some((turn) => turn.turnId === turnId));
  if (!known) {
    throw new AgentServerError(
      'not_running',
      `Session ${session.sessionId}: ${request.turnId ? `turn ${request.turnId} does not run` : 'no turn runs'}`,
    );
  }
  if (active !== turnId && atRunner !== turnId) {
    // No runner has it yet.
    return { lane: 'control', events: [event('turn:interrupted', { turnId }, { turnId })], result: {} };
  }
  const command: RunnerCommand = { type: 'interrupt', commandId: crypto.randomUUID(), turnId };
  return { lane: 'control', events: [], command, result: {} };
}

/** Everything ends at once: what runs and what waits gets its outcome before the session has its own. */
export function planDelete(state: SessionState, event: EventFactory, by: string): CommandPlan {
  const { activeTurn, queue } = state.session;
  const ends = [activeTurn, ...queue].flatMap((turn) =>
    turn ? [event('turn:interrupted', { turnId: turn.turnId }, { turnId: turn.turnId })] : [],
  );
  return {
    lane: 'control',
    events: [
      ...(activeTurn ? closeOpenEnds(state, event) : []),
      ...ends,
      event('session:terminated', { reason: 'deleted', by }),
    ],
    result: {},
  };
}

export function planPermission(
  state: SessionState,
  event: EventFactory,
  requestId: string,
  request: AnswerPermissionRequest,
  by: string,
): CommandPlan {
  const { session } = state;
  const asked = session.pending.permissions.find((each) => each.requestId === requestId);
  if (!asked) throw noLongerOpen(session, requestId);
  const { decision } = request;
  const place = { turnId: session.activeTurn?.turnId };
  const always = decision === 'allow_always' && !session.allowedTools.includes(asked.toolName);
  return {
    lane: 'control',
    events: [
      event('permission:resolved', { requestId, outcome: decision === 'deny' ? 'deny' : 'allow', by }, place),
      ...(always
        ? [event('session:updated', { allowedTools: [...session.allowedTools, asked.toolName] })]
        : []),
    ],
    command: {
      type: 'permission',
      commandId: crypto.randomUUID(),
      requestId,
      ...request,
    } satisfies RunnerCommand,
    result: {},
  };
}

export function planQuestion(
  state: SessionState,
  event: EventFactory,
  requestId: string,
  request: AnswerQuestionRequest,
  by: string,
): CommandPlan {
  const { session } = state;
  if (!session.pending.questions.some((each) => each.requestId === requestId))
    throw noLongerOpen(session, requestId);
  const { answers } = request;
  const place = { turnId: session.activeTurn?.turnId };
  return {
    lane: 'control',
    events: [event('question:resolved', { requestId, outcome: 'answered', answers, by }, place)],
    command: {
      type: 'question',
      commandId: crypto.randomUUID(),
      requestId,
      answers,
    } satisfies RunnerCommand,
    result: {},
  };
}

export function refuseTerminated(session: Session): void {
  if (session.status === 'terminated') {
    throw new AgentServerError(
      'session_terminated',
      `Session ${session.sessionId} has ended; create a new one`,
    );
  }
}

/** The engine's own interrupt of the turn that a message displaces. */
function interruptOf(turnId: string): CommandRecord {
  const command: RunnerCommand = { type: 'interrupt', commandId: crypto.randomUUID(), turnId };
  return {
    commandId: command.commandId,
    principal: 'engine',
    lane: 'control',
    state: 'queued',
    bodyHash: '',
    command,
    result: {},
  };
}

function noLongerOpen(session: Session, requestId: string): AgentServerError {
  const past = session.resolved.find((each) => each.requestId === requestId);
  if (!past)
    return new AgentServerError(
      'request_not_found',
      `Session ${session.sessionId} has no open request ${requestId}`,
    );
  const late = past.outcome === 'expired' || past.outcome === 'timeout';
  return late
    ? new AgentServerError(
        'request_expired',
        `Request ${requestId} is no longer open: its turn ended or nobody answered in time`,
      )
    : new AgentServerError('already_resolved', `Request ${requestId} was answered already (${past.outcome})`);
}
