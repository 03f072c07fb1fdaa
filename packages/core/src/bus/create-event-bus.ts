import type { SessionEvent } from '@hhopkins/agent-protocol';
import type { Logger } from '../ports/runtime.ts';
import type { StreamHub } from '../stream/stream-hub.ts';
import type { EventBus } from './event-bus.ts';

/** How many events may wait for one slow handler before its oldest are dropped, with a warning. */
const WAITING_EVENTS = 10_000;

/** An event bus over what a hub publishes. */
export function createEventBus(hub: StreamHub, logger: Logger): EventBus {
  return {
    on(type, handler) {
      const waiting: SessionEvent[] = [];
      let running = false;
      let dropped = 0;

      const drain = async (): Promise<void> => {
        running = true;
        for (let event = waiting.shift(); event; event = waiting.shift()) {
          try {
            await (handler as (event: SessionEvent) => unknown)(event);
          } catch (error) {
            logger.log('error', `a handler of ${type} threw`, {
              sessionId: event.context.sessionId,
              seq: event.seq,
              error,
            });
          }
        }
        running = false;
      };

      const unsubscribe = hub.onPublish(({ events }) => {
        for (const event of events) {
          if (type !== '*' && event.type !== type) continue;
          waiting.push(event);
          if (waiting.length > WAITING_EVENTS) {
            waiting.shift();
            dropped += 1;
            if (dropped % 1000 === 1)
              logger.log('warn', `a handler of ${type} is too slow; events were dropped for it`, { dropped });
          }
        }
        // Not in the caller's stack: a commit is never held up by who listens.
        if (!running && waiting.length > 0) queueMicrotask(() => !running && void drain());
      });
      return () => {
        unsubscribe();
        waiting.length = 0;
      };
    },
  };
}
