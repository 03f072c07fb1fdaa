import type { DriverEvent } from '../drivers/driver.ts';

type Delta = DriverEvent<'block:delta'>;

/** Joins deltas of one block, so that a fast stream of tokens costs few frames. */
export interface DeltaJoiner {
  /** Gives on everything that must come before, then the event itself, now or, if a delta, soon. */
  push(event: DriverEvent): void;
  /** Gives on all that is held back. */
  flush(): void;
}

/** Characters after which a joined delta is given on without waiting for its time. */
const LONGEST = 32 * 1024;

/**
 * Order holds within a conversation, and whatever is not of one conversation alone comes after all that was said before.
 *
 * @param milliseconds how long a delta is held back at most
 */
export function createDeltaJoiner(milliseconds: number, give: (event: DriverEvent) => void): DeltaJoiner {
  const held = new Map<string, Delta>();
  let timer: NodeJS.Timeout | undefined;

  const release = (conversationId: string) => {
    const delta = held.get(conversationId);
    if (!delta) return;
    held.delete(conversationId);
    for (const part of split(delta.payload.delta)) {
      give({ ...delta, payload: { ...delta.payload, delta: part } });
    }
  };

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    for (const conversationId of [...held.keys()]) release(conversationId);
  };

  /** By the clock half a character may be cut off; it stays until its other half comes. */
  const flushWhole = () => {
    timer = undefined;
    for (const [conversationId, delta] of [...held]) {
      const text = delta.payload.delta;
      if (!endsInHalf(text)) {
        release(conversationId);
        continue;
      }
      held.set(conversationId, { ...delta, payload: { ...delta.payload, delta: text.slice(0, -1) } });
      if (text.length > 1) release(conversationId);
      held.set(conversationId, { ...delta, payload: { ...delta.payload, delta: text.slice(-1) } });
    }
  };

  return {
    flush,
    push(event) {
      if (event.type !== 'block:delta') {
        if (isOfOneConversation(event)) release(event.conversationId);
        else flush();
        give(event);
        return;
      }
      const { conversationId, payload, turnId } = event;
      const before = held.get(conversationId);
      const joins = before?.payload.blockId === payload.blockId && before.turnId === turnId;
      if (before && !joins) release(conversationId);
      const delta = (joins ? before.payload.delta : '') + payload.delta;
      held.set(conversationId, { ...event, payload: { ...payload, delta } });
      if (delta.length >= LONGEST && !endsInHalf(delta)) release(conversationId);
      else timer ??= setTimeout(flushWhole, milliseconds);
    },
  };
}

const isOfOneConversation = (event: DriverEvent): boolean =>
  event.type.startsWith('block:') || event.type === 'metadata:update' || event.type === 'log';

const endsInHalf = (text: string): boolean => /[\uD800-\uDBFF]$/.test(text);

/** Parts that each fit into an event, none ending in half a character. */
function split(text: string): string[] {
  if (text.length <= LONGEST * 2) return [text];
  const parts: string[] = [];
  for (let start = 0; start < text.length; ) {
    let end = Math.min(text.length, start + LONGEST);
    if (end < text.length && endsInHalf(text.slice(start, end))) end -= 1;
    parts.push(text.slice(start, end));
    start = end;
  }
  return parts;
}
