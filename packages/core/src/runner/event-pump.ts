import { AgentServerError } from '@hhopkins/agent-protocol';
import { createDeferred } from '../support/deferred.ts';
import type { AcceptedEvent } from './accept-event.ts';

/** How many events may be on their way into the log before no more are read from the runner. */
const EVENTS_IN_FLIGHT = 2000;

export interface EventPump {
  gather(event: AcceptedEvent): void;
  /** Hands on what was gathered. Resolves when there is room for more. */
  hand(): Promise<void>;
}

/**
 * Hands on what arrived in one go, several commits deep, and stops reading when the log does not keep up.
 *
 * @param fail called when `onEvents` rejected: nothing that comes later may be handed on
 */
export function createEventPump(
  onEvents: (events: readonly AcceptedEvent[]) => Promise<void>,
  fail: (reason: AgentServerError) => void,
): EventPump {
  let gathered: AcceptedEvent[] = [];
  let inFlight = 0;
  let room = createDeferred<void>();

  return {
    gather: (event) => void gathered.push(event),
    async hand() {
      if (gathered.length === 0) return;
      const events = gathered;
      gathered = [];
      inFlight += events.length;
      onEvents(events)
        .catch((error: unknown) => fail(AgentServerError.from(error)))
        .finally(() => {
          inFlight -= events.length;
          room.resolve();
          room = createDeferred<void>();
        });
      while (inFlight > EVENTS_IN_FLIGHT) await room.promise;
    },
  };
}
