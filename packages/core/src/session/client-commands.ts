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

/** What each wish of a client means, given the state of the moment. Nothing here waits or writes. */

export function planMessage(
  state: SessionState,
  event: EventFactory,
  ids: { messageId: string; turnId: string },
  request: { content: MessageContent; delivery: 'queue' | 'steer' | 'interrupt' },
  answer: (ids: { messageId: string; turnId: string }) => Record<string, unknown>,
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
  const interrupt = delivery === 'interrupt' && active ? [interruptOf(active)] : [];
  return {
    lane: 'turns',
    events: [event('turn:queued', { ...ids, content, delivery }, { turnId: ids.turnId })],
    command: { type: 'turn', commandId: ids.turnId, ...ids, content } satisfies RunnerCommand,
    further: interrupt,
    result: answer(ids),
  };
}

export function planCancel(
  state: SessionState,
  event: EventFactory,
  messageId: string,
  handedTurnId: string | null,
): CommandPlan {
  const { session } = state;
  refuseTerminated(session);
  const queued = session.queue.find((turn) => turn.messageId === messageId && turn.turnId !== handedTurnId);
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
  handedTurnId: string | null,
  commandId: string,
): CommandPlan {
  const { session } = state;
  refuseTerminated(session);
  const turnId = request.turnId ?? session.activeTurn?.turnId ?? session.queue[0]?.turnId;
  const known =
    turnId !== undefined &&
    (session.activeTurn?.turnId === turnId || session.queue.some((turn) => turn.turnId === turnId));
  if (!known) {
    throw new AgentServerError(
      'not_running',
      `Session ${session.sessionId}: ${request.turnId ? `turn ${request.turnId} does not run` : 'no turn runs'}`,
    );
  }
  if (session.activeTurn?.turnId !== turnId && handedTurnId !== turnId) {
    // No runner has it yet.
    return { lane: 'control', events: [event('turn:interrupted', { turnId }, { turnId })], result: {} };
  }
  // The client's own id may be that of a turn's command: the runner's inbox knows commands of all kinds by id.
  const command: RunnerCommand = { type: 'interrupt', commandId: `interrupt_${commandId}`, turnId };
  return { lane: 'control', events: [], command, result: {} };
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
      commandId: `answer_${requestId}`,
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
      commandId: `answer_${requestId}`,
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
  const command: RunnerCommand = { type: 'interrupt', commandId: `displace_${turnId}`, turnId };
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
