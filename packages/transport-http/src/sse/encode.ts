import { eventJson, type FollowItem } from '@hhopkins/agent-core';
import type { Snapshot } from '@hhopkins/agent-protocol';
import { formatCursor } from './cursor.ts';

/**
 * Turns what a follower gets into server-sent events. Session events are unnamed, so that every one of them reaches
 * `onmessage`; what is not an event of the session has a name.
 */
export function createEncoder(): (item: FollowItem) => string {
  let streamId = '';

  return (item) => {
    switch (item.type) {
      case 'subscribed': {
        const { type, ...data } = item;
        streamId = item.streamId;
        return named(type, data, item.snapshot);
      }
      case 'reset': {
        const { type, ...data } = item;
        streamId = item.snapshot.streamId;
        return named(type, data, item.snapshot);
      }
      case 'events':
        return item.events
          .map((event) => `id: ${formatCursor({ streamId, seq: event.seq })}\ndata: ${eventJson(event)}\n\n`)
          .join('');
    }
  };
}

/** Only a snapshot moves the cursor: without one the reader already stands where it said. */
function named(name: string, data: unknown, snapshot: Snapshot | undefined): string {
  const id = snapshot ? `id: ${formatCursor(snapshot)}\n` : '';
  return `event: ${name}\n${id}data: ${JSON.stringify(data)}\n\n`;
}
