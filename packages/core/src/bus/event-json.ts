import type { SessionEvent } from '@hhopkins/agent-protocol';

const cache = new WeakMap<SessionEvent, string>();

/** The event as JSON, made once however many readers and transports get it: committed events never change. */
export function eventJson(event: SessionEvent): string {
  const known = cache.get(event);
  if (known !== undefined) return known;
  const json = JSON.stringify(event);
  cache.set(event, json);
  return json;
}
