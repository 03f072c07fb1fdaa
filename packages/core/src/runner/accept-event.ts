import {
  EVENT_PAYLOADS,
  type JournalPosition,
  LIMITS,
  MAIN_CONVERSATION,
  type PendingEvent,
  RUNNER_EVENT_TYPES,
} from '@hhopkins/agent-protocol';
import { byteLength } from '../support/bytes.ts';
import type { EventFrame, MalformedEventFrame } from './parse-frame.ts';

const ALLOWED: ReadonlySet<string> = new Set(RUNNER_EVENT_TYPES);
/** The runner cuts what is larger than half of this. */
const MOST_BYTES = 2 * LIMITS.eventPayload;

/** One frame of a runner's journal, made safe. */
export interface AcceptedEvent {
  journal: JournalPosition;
  event: PendingEvent;
}

/**
 * A runner's word is never taken as it is: its type must be on the allow-list, its payload of the type's form and bounded.
 * What is not becomes an `error` event in its place, since the journal's position has to move on.
 */
export function acceptEvent(
  sessionId: string,
  frame: EventFrame | MalformedEventFrame,
  now: () => number,
): AcceptedEvent {
  const { journal } = frame;
  if (frame.type === 'malformed-event')
    return refusedEvent(sessionId, journal, now, `The runner sent a malformed event: ${frame.message}`);
  const { type, payload, conversationId, turnId, timestamp } = frame.event;
  const refuse = (message: string) => refusedEvent(sessionId, journal, now, message);
  if (!ALLOWED.has(type))
    return refuse(`The runner sent an event of type "${type}", which is not a runner's to send`);
  try {
    const parsed = EVENT_PAYLOADS[type as keyof typeof EVENT_PAYLOADS].safeParse(payload);
    if (!parsed.success)
      return refuse(`The runner sent a malformed ${type}: ${parsed.error.issues[0]?.message ?? 'invalid'}`);
    if (byteLength(JSON.stringify(parsed.data)) > MOST_BYTES)
      return refuse(`The runner sent a ${type} of more than ${MOST_BYTES} bytes`);
    const context = {
      sessionId,
      conversationId,
      ...(turnId === undefined ? {} : { turnId }),
      source: 'runner' as const,
      timestamp,
    };
    return { journal, event: { type, payload: parsed.data, context } as PendingEvent };
  } catch {
    return refuse(`The runner sent a ${type} that is nested too deeply`);
  }
}

/** What stands in the stream for an event of a runner that cannot. */
export function refusedEvent(
  sessionId: string,
  journal: JournalPosition,
  now: () => number,
  message: string,
): AcceptedEvent {
  return {
    journal,
    event: {
      type: 'error',
      payload: { code: 'protocol_error', message: message.slice(0, 1000) },
      context: {
        sessionId,
        conversationId: MAIN_CONVERSATION,
        source: 'runner',
        timestamp: new Date(now()).toISOString(),
      },
    },
  };
}
