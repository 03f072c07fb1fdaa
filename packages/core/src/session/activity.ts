import { AgentServerError, type RunnerCommand, type SessionEvent } from '@hhopkins/agent-protocol';
import type { CommandRecord } from '../ports/event-log.ts';
import { answerWakers, type SessionContext } from './session-context.ts';

/** What this process remembers of committed events, beside the state that is reduced from them. */
export function noteActivity(context: SessionContext, events: readonly SessionEvent[]): void {
  for (const event of events) note(context, event);
}

function note(context: SessionContext, { type, payload, context: { source } }: SessionEvent): void {
  const now = context.parts.clock.now();
  if (source === 'runner') {
    context.unsaved = true;
    // A program that writes files in the background is neither a use of the session nor a sign of life of its turn.
    const ofTheAgent = !type.startsWith('file:');
    if (ofTheAgent && type !== 'log' && type !== 'error') context.lastActivity = now;
    if (ofTheAgent) context.lastTurnEvent = now;
  }
  switch (type) {
    case 'turn:queued':
      context.lastActivity = now;
      context.lastTurnEvent = now;
      // A steering message that became a turn of its own.
      context.steers.delete(payload.messageId);
      context.controls = context.controls.filter(
        (control) => steerOf(control)?.messageId !== payload.messageId,
      );
      break;
    case 'turn:started': {
      const command = context.turnCommands.get(payload.turnId);
      if (command) context.turnCommands.set(payload.turnId, { ...command, state: 'started' });
      if (context.handedTurnId === payload.turnId) context.handedTurnId = null;
      context.barrenSandboxes = 0;
      break;
    }
    case 'turn:completed':
    case 'turn:failed':
    case 'turn:interrupted':
    case 'turn:cancelled':
      context.lastActivity = now;
      context.turnCommands.delete(payload.turnId);
      if (context.handedTurnId === payload.turnId) context.handedTurnId = null;
      break;
    case 'block:upsert':
      context.steers.delete(payload.block.id);
      break;
    case 'permission:requested':
    case 'question:requested':
      context.askedAt.set(payload.requestId, now);
      break;
    case 'permission:resolved':
    case 'question:resolved':
      context.askedAt.delete(payload.requestId);
      // The turn had to wait; its silence counts from here.
      context.lastTurnEvent = now;
      break;
    case 'session:terminated':
      context.controls = [];
      context.steers.clear();
      context.turnCommands.clear();
      context.askedAt.clear();
      answerWakers(context, new AgentServerError('session_terminated', 'The session was ended'));
      break;
    default:
  }
}

const steerOf = ({ command }: CommandRecord) => {
  const known = command as RunnerCommand | null;
  return known?.type === 'steer' ? known : undefined;
};

/** Takes up a command that the store has; again without effect. */
export function adopt(context: SessionContext, record: CommandRecord): void {
  const command = record.command as RunnerCommand | null;
  if (!command || record.state === 'ended') return;
  if (record.lane === 'turns') {
    if (command.type === 'turn' && !context.turnCommands.has(command.turnId))
      context.turnCommands.set(command.turnId, record);
    return;
  }
  if (command.type === 'steer' && record.state === 'taken') {
    context.steers.set(command.messageId, record);
    return;
  }
  const known = context.controls.some(
    ({ commandId, principal }) => commandId === record.commandId && principal === record.principal,
  );
  if (!known) context.controls.push(record);
}

/** The append of a turn failed, and the turn is not in the queue after all. */
export function forgetUnstored(context: SessionContext, { command }: CommandRecord): void {
  const { turnId } = command as Extract<RunnerCommand, { type: 'turn' }>;
  const { queue, activeTurn } = context.stream.latest().session;
  const stands = activeTurn?.turnId === turnId || queue.some((turn) => turn.turnId === turnId);
  if (!stands) context.turnCommands.delete(turnId);
}
