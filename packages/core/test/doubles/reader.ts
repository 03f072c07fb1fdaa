import type { SessionEvent } from '@hhopkins/agent-protocol';
import type { Follow, FollowItem } from '../../src/engine-interface.ts';

/** A client that follows a session, and what it saw. */
export interface Reader {
  readonly items: readonly FollowItem[];
  /** Events since the last snapshot. */
  readonly events: readonly SessionEvent[];
  readonly ended: boolean;
  readonly error: unknown;
  close(): void;
}

export function readAll(follow: Follow): Reader {
  const items: FollowItem[] = [];
  const state = { ended: false, error: undefined as unknown };
  (async () => {
    for await (const item of follow) items.push(item);
  })()
    .catch((error: unknown) => {
      state.error = error;
    })
    .finally(() => {
      state.ended = true;
    });
  return {
    items,
    get events() {
      const start = items.findLastIndex((item) => item.type !== 'events');
      return items.slice(start + 1).flatMap((item) => (item.type === 'events' ? [...item.events] : []));
    },
    get ended() {
      return state.ended;
    },
    get error() {
      return state.error;
    },
    close: () => follow.close(),
  };
}
