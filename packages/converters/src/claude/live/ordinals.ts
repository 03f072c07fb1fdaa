import type { LiveState } from './state.ts';

/** The ordinal that the next shown text or thinking block of the message gets. */
export function nextOrdinal(state: LiveState, conversationId: string, messageId: string): number {
  const latest = state.ordinals[conversationId];
  return latest?.messageId === messageId ? latest.next : 0;
}

export function takeOrdinal(state: LiveState, conversationId: string, messageId: string): void {
  const next = nextOrdinal(state, conversationId, messageId) + 1;
  state.ordinals[conversationId] = { messageId, next };
}
