import {
  AGENT_TURN_PREFIX,
  type JournalPosition,
  MAIN_CONVERSATION,
  type PendingEvent,
  reduce,
  type SessionEvent,
  type SessionState,
} from '@hhopkins/agent-protocol';
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

/** The engine's answer to open asks that get none. @param which only these; all when absent */
export function expireRequests(
  state: SessionState,
  event: EventFactory,
  outcome: 'expired' | 'timeout',
  which: (requestId: string) => boolean = () => true,
): PendingEvent[] {
  const { pending, activeTurn } = state.session;
  const place = { turnId: activeTurn?.turnId };
  const idsOf = (requests: readonly { requestId: string }[]) =>
    requests.map(({ requestId }) => requestId).filter(which);
  return [
    ...idsOf(pending.permissions).map((requestId) =>
      event('permission:resolved', { requestId, outcome, by: 'engine' }, place),
    ),
    ...idsOf(pending.questions).map((requestId) =>
      event('question:resolved', { requestId, outcome, by: 'engine' }, place),
    ),
  ];
}

/**
 * What of a runner's events goes into the log, in the light of what the engine knows: one turn runs at a time, it starts from
 * the queue or by the agent itself, and ends once; only a turn that runs may ask.
 *
 * @param overdue the end of a turn that was interrupted for its silence, to be said instead of the runner's
 */
export function admit(
  state: SessionState,
  arrived: readonly AcceptedEvent[],
  event: EventFactory,
  overdue: PendingEvent<'turn:failed'> | null = null,
): Append & { journal: JournalPosition | undefined; dropped: PendingEvent[] } {
  const events: PendingEvent[] = [];
  const dropped: PendingEvent[] = [];
  let current = state;
  const say = (next: PendingEvent) => {
    events.push(next);
    current = reduce(current, { seq: 1, ...next } as SessionEvent);
  };

  for (const { event: next } of arrived) {
    const { activeTurn, queue, pending } = current.session;
    switch (next.type) {
      case 'turn:started': {
        const { turnId, origin } = next.payload;
        const due = origin
          ? turnId.startsWith(AGENT_TURN_PREFIX)
          : queue.some((turn) => turn.turnId === turnId);
        if (!activeTurn && due) say(next);
        else dropped.push(next);
        break;
      }
      case 'turn:completed':
      case 'turn:failed':
      case 'turn:interrupted': {
        const { turnId } = next.payload;
        const active = activeTurn?.turnId === turnId;
        if (active) for (const closing of closeOpenEnds(current, event)) say(closing);
        const late = next.type === 'turn:interrupted' && overdue?.payload.turnId === turnId;
        if (active || queue.some((turn) => turn.turnId === turnId)) say(late ? overdue : next);
        else dropped.push(next);
        break;
      }
      case 'permission:requested':
      case 'question:requested': {
        const { requestId } = next.payload;
        const known = [...pending.permissions, ...pending.questions].some(
          (each) => each.requestId === requestId,
        );
        if (activeTurn && !known) say(next);
        else dropped.push(next);
        break;
      }
      default:
        say(next);
    }
  }
  return { events, dropped, journal: arrived.at(-1)?.journal };
}
