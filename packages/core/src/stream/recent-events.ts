import type { SessionEvent } from '@hhopkins/agent-protocol';
import { eventJson } from '../bus/event-json.ts';

/** The latest committed events of a session in memory, for readers that keep up. Bounded by count and by size. */
export interface RecentEvents {
  add(events: readonly SessionEvent[]): void;
  /** At most `limit` events after `seq`, or null when not all of them are here any more. */
  after(seq: number, limit: number): readonly SessionEvent[] | null;
}

const MOST_EVENTS = 1000;
/** Characters of JSON. */
const MOST_CHARACTERS = 4 * 1024 * 1024;

export function createRecentEvents(): RecentEvents {
  let events: SessionEvent[] = [];
  let characters = 0;

  const trim = (): void => {
    // Half is cut at a time, so that it is not done for every event.
    if (events.length <= MOST_EVENTS && characters <= MOST_CHARACTERS) return;
    let start = 0;
    while (events.length - start > MOST_EVENTS / 2 || characters > MOST_CHARACTERS / 2) {
      const oldest = events[start];
      if (!oldest) break;
      characters -= eventJson(oldest).length;
      start += 1;
    }
    events = events.slice(start);
  };

  return {
    add(more) {
      for (const event of more) {
        events.push(event);
        characters += eventJson(event).length;
      }
      trim();
    },
    after(seq, limit) {
      const first = events[0]?.seq;
      if (first === undefined || seq + 1 < first) return null;
      const start = seq + 1 - first;
      return events.slice(start, start + limit);
    },
  };
}
