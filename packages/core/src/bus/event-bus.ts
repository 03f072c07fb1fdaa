import type { EventType, SessionEvent } from '@hhopkins/agent-protocol';

/** Handlers get committed events only, each handler its events in order, one after the other. */
export interface EventBus {
  /**
   * Calls `handler` for every committed event of `type`, or of all with `'*'`. What it throws is logged, how long it takes
   * holds up nobody else.
   *
   * @returns unsubscribes
   * @example
   * runtime.events.on('turn:completed', ({ payload, context }) => notify(context.sessionId, payload.costUSD));
   */
  on<Type extends EventType | '*'>(
    type: Type,
    handler: (event: Type extends EventType ? SessionEvent<Type> : SessionEvent) => unknown,
  ): () => void;
}
