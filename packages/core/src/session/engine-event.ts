import {
  type EventPayload,
  type EventType,
  MAIN_CONVERSATION,
  type PendingEvent,
} from '@hhopkins/agent-protocol';

/** Makes the engine's own events of one session. */
export function createEventFactory(sessionId: string, now: () => number) {
  return <Type extends EventType>(
    type: Type,
    payload: EventPayload<Type>,
    place: { turnId?: string | undefined; conversationId?: string | undefined } = {},
  ): PendingEvent =>
    ({
      type,
      payload,
      context: {
        sessionId,
        conversationId: place.conversationId ?? MAIN_CONVERSATION,
        ...(place.turnId === undefined ? {} : { turnId: place.turnId }),
        source: 'engine',
        timestamp: new Date(now()).toISOString(),
      },
    }) as PendingEvent;
}

export type EventFactory = ReturnType<typeof createEventFactory>;
