import type { CommandRecord } from '@hhopkins/agent-core';
import type { JournalPosition } from '@hhopkins/agent-protocol';

/** An event as its JSON: written and read as copies, so that nobody shares state with the log. */
export interface StoredEvent {
  seq: number;
  json: string;
  bytes: number;
}

/** What the log keeps of one session. Above the floor `events` has no gap and ends at `head`. */
export interface Stream {
  streamId: string;
  head: number;
  floor: number;
  journal: JournalPosition | null;
  events: StoredEvent[];
  snapshot: { seq: number; json: string } | null;
  /** By principal and id, in the order they came. */
  commands: Map<string, CommandRecord>;
}

export const emptyStream = (streamId: string): Stream => ({
  streamId,
  head: 0,
  floor: 0,
  journal: null,
  events: [],
  snapshot: null,
  commands: new Map(),
});

export const commandKey = (principal: string, commandId: string): string =>
  JSON.stringify([principal, commandId]);
