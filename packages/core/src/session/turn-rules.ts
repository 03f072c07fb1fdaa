import {
  type JournalPosition,
  MAIN_CONVERSATION,
  type PendingEvent,
  reduce,
  type SessionEvent,
  type SessionState,
} from '@hhopkins/agent-protocol';
import type { CommandRecord } from '../ports/event-log.ts';
import type { AcceptedEvent } from '../runner/accept-event.ts';
import type { Append } from '../stream/session-stream.ts';
import type { EventFactory } from './engine-event.ts';

/** The engine's own end of everything that a turn leaves open: asks expire, and nothing stays `pending`. */
export function closeOpenEnds(state: SessionState, event: EventFactory): PendingEvent[] {
  const { session, conversation } = state;
  const turnId = session.activeTurn?.turnId;
  const conversations = [
    { id: MAIN_CONVERSATION, blocks: conversation.blocks },
    ...conversation.subagents.map(({ id, blocks }) => ({ id, blocks })),
  ];
  return [
    ...expireRequests(state, event, 'expired'),
    ...conversations.flatMap(({ id, blocks }) =>
      blocks
        .filter((block) => block.status === 'pending')
        .map((block) =>
          event('block:upsert', { block: { ...block, status: 'error' } }, { turnId, conversationId: id }),
        ),
    ),
    ...conversation.subagents
      .filter((subagent) => subagent.status === 'pending')
      .map(({ id }) => event('subagent:completed', { subagentId: id, status: 'error' }, { turnId })),
  ];
}

export function expireRequests(
  state: SessionState,
  event: EventFactory,
  outcome: 'expired' | 'timeout',
): PendingEvent[] {
  const { pending, activeTurn } = state.session;
  const place = { turnId: activeTurn?.turnId };
  return [
    ...pending.permissions.map(({ requestId }) =>
      event('permission:resolved', { requestId, outcome, by: 'engine' }, place),
    ),
    ...pending.questions.map(({ requestId }) =>
      event('question:resolved', { requestId, outcome, by: 'engine' }, place),
    ),
  ];
}

/**
 * What of a runner's events goes into the log, in the light of what the engine knows: a turn starts once and from the queue,
 * and ends once. Command states follow the turns they began.
 */
export function admit(
  state: SessionState,
  arrived: readonly AcceptedEvent[],
  event: EventFactory,
  commandOf: (turnId: string) => CommandRecord | undefined,
): Append & { journal: JournalPosition | undefined; dropped: PendingEvent[] } {
  const events: PendingEvent[] = [];
  const commands: CommandRecord[] = [];
  const dropped: PendingEvent[] = [];
  let current = state;
  const say = (next: PendingEvent) => {
    events.push(next);
    current = reduce(current, { seq: 1, ...next } as SessionEvent);
  };
  const move = (turnId: string, to: 'started' | 'ended') => {
    const command = commandOf(turnId);
    if (command) commands.push({ ...command, state: to });
  };

  for (const { event: next } of arrived) {
    switch (next.type) {
      case 'turn:started': {
        const { turnId } = next.payload;
        if (!current.session.queue.some((turn) => turn.turnId === turnId)) dropped.push(next);
        else {
          say(next);
          move(turnId, 'started');
        }
        break;
      }
      case 'turn:completed':
      case 'turn:failed':
      case 'turn:interrupted': {
        const { turnId } = next.payload;
        const { activeTurn, queue } = current.session;
        const active = activeTurn?.turnId === turnId;
        if (!active && !queue.some((turn) => turn.turnId === turnId)) dropped.push(next);
        else {
          if (active) for (const closing of closeOpenEnds(current, event)) say(closing);
          say(next);
          move(turnId, 'ended');
        }
        break;
      }
      default:
        say(next);
    }
  }
  return { events, commands, dropped, journal: arrived.at(-1)?.journal };
}
