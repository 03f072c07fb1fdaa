import {
  EVENT_PAYLOADS,
  type JournalPosition,
  LIMITS,
  type PendingEvent,
  RUNNER_EVENT_TYPES,
  type RunnerFrame,
} from '@hhopkins/agent-protocol';

const ALLOWED: ReadonlySet<string> = new Set(RUNNER_EVENT_TYPES);

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
  frame: Extract<RunnerFrame, { type: 'event' }>,
): AcceptedEvent {
  const { type, conversationId, turnId, timestamp } = frame.event;
  const context = {
    sessionId,
    conversationId,
    ...(turnId === undefined ? {} : { turnId }),
    source: 'runner' as const,
    timestamp,
  };
  const refuse = (message: string): AcceptedEvent => ({
    journal: frame.journal,
    event: { type: 'error', payload: { code: 'protocol_error', message }, context },
  });
  if (!ALLOWED.has(type))
    return refuse(`The runner sent an event of type "${type}", which is not a runner's to send`);
  const payload = EVENT_PAYLOADS[type as keyof typeof EVENT_PAYLOADS].safeParse(frame.event.payload);
  if (!payload.success)
    return refuse(`The runner sent a malformed ${type}: ${payload.error.issues[0]?.message ?? 'invalid'}`);
  if (JSON.stringify(payload.data).length > 2 * LIMITS.eventPayload)
    return refuse(`The runner sent a ${type} that is too large`);
  return { journal: frame.journal, event: { type, payload: payload.data, context } as PendingEvent };
}
