import type { EventLog, ReadResult } from '@hhopkins/agent-core';
import type { SessionEvent } from '@hhopkins/agent-protocol';
import { logMutant, type StoreMutant, storeMutant } from './mutant.ts';

type Events = Extract<ReadResult, { kind: 'events' }>;

/** Changes the events that a read gives. */
const onRead = (
  log: EventLog,
  change: (events: SessionEvent[], answer: Events) => SessionEvent[],
): Partial<EventLog> => ({
  async read(sessionId, query) {
    const answer = await log.read(sessionId, query);
    return answer?.kind === 'events' ? { ...answer, events: change(answer.events, answer) } : answer;
  },
});

/** Fields in alphabetical order, as binary JSON of a database has them. */
function sortFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortFields);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(fields.map(([name, field]) => [name, sortFields(field)]));
}

/** Faults of `read`, and of what reads show of writes. */
export const eventLogReadMutants: readonly StoreMutant[] = [
  logMutant('drops an event', 'append-order', (log) =>
    onRead(log, (events) => events.filter((event) => event.seq !== 7)),
  ),
  logMutant('reorders events', 'append-order', (log) => onRead(log, (events) => events.toReversed())),
  logMutant('gives an event twice', 'append-order', (log) =>
    onRead(log, (events) => [...events, ...events.slice(-1)]),
  ),
  logMutant('gives the event at the cursor again', 'read-after', (log) => ({
    read: (sessionId, query) => log.read(sessionId, { ...query, after: Math.max(0, query.after - 1) }),
  })),
  logMutant("answers with another session's events", 'append-sessions-apart', (log) => {
    const neighbours = new Map<string, string>();
    return {
      append(batches) {
        batches.forEach(({ sessionId }, index) => {
          neighbours.set(sessionId, batches[index - 1]?.sessionId ?? sessionId);
        });
        return log.append(batches);
      },
      read: (sessionId, query) => log.read(neighbours.get(sessionId) ?? sessionId, query),
    };
  }),
  logMutant('shares events by reference', 'append-copies', (log) => {
    const shared = new Map<string, SessionEvent>();
    return onRead(log, (events, { streamId }) =>
      events.map((event) => {
        const key = `${streamId} ${event.seq}`;
        shared.set(key, shared.get(key) ?? event);
        return shared.get(key) ?? event;
      }),
    );
  }),
  logMutant('renumbers at a compaction', 'compact-keeps-seq', (log) => {
    const removed = new Map<string, number>();
    return {
      async compact(sessionId, change) {
        await log.compact(sessionId, change);
        const streamId = (await log.stream(sessionId))?.streamId ?? '';
        removed.set(streamId, (removed.get(streamId) ?? 0) + change.drop.length);
      },
      ...onRead(log, (events, { streamId }) =>
        events.map((event) => ({ ...event, seq: event.seq - (removed.get(streamId) ?? 0) })),
      ),
    };
  }),
  logMutant('reads on from the floor instead of resetting', 'compact-reset-below-floor', (log) => ({
    async read(sessionId, query) {
      const floor = (await log.stream(sessionId))?.floor ?? 0;
      return await log.read(sessionId, { ...query, after: Math.max(floor, query.after) });
    },
  })),
  logMutant('lowers the floor', 'compact-floor-stays', (log) => {
    const floors = new Map<string, number>();
    return {
      async compact(sessionId, change) {
        await log.compact(sessionId, change);
        floors.set(sessionId, change.floor);
      },
      async stream(sessionId) {
        const stream = await log.stream(sessionId);
        return stream && { ...stream, floor: floors.get(sessionId) ?? stream.floor };
      },
    };
  }),
  logMutant('does not look at the stream of a cursor', 'read-reset-other-stream', (log) => ({
    read: (sessionId, query) => log.read(sessionId, { ...query, streamId: undefined }),
  })),
  logMutant('waits beyond the head instead of resetting', 'read-reset-beyond-head', (log) => ({
    async read(sessionId, query) {
      const head = (await log.stream(sessionId))?.head ?? 0;
      return await log.read(sessionId, { ...query, after: Math.min(head, query.after) });
    },
  })),
  logMutant('resets without a snapshot', 'read-reset-other-stream', (log) => ({
    async read(sessionId, query) {
      const answer = await log.read(sessionId, query);
      return answer?.kind === 'reset' ? { ...answer, snapshot: null } : answer;
    },
  })),
  logMutant('ignores the limit', 'read-limit', (log) => ({
    read: (sessionId, query) => log.read(sessionId, { ...query, limit: 10_000 }),
  })),
  logMutant('ignores the maximum of bytes', 'read-maximum-bytes', (log) => ({
    read: (sessionId, query) => log.read(sessionId, { ...query, maximumBytes: undefined }),
  })),
  logMutant('gives nothing when the first event is over the maximum', 'read-maximum-bytes', (log) => ({
    async read(sessionId, query) {
      const answer = await log.read(sessionId, query);
      return answer?.kind === 'events' && query.maximumBytes === 1 ? { ...answer, events: [] } : answer;
    },
  })),
  logMutant('reads what is not committed yet', 'read-while-appending', (log) => {
    const ahead = new Map<string, SessionEvent[]>();
    return {
      async append(batches) {
        for (const { sessionId, events } of batches) ahead.set(sessionId, [...events]);
        await new Promise((resolve) => setImmediate(resolve));
        const results = await log.append(batches);
        for (const { sessionId } of batches) ahead.delete(sessionId);
        return results;
      },
      async read(sessionId, query) {
        const answer = await log.read(sessionId, query);
        if (answer?.kind !== 'events') return answer;
        return {
          ...answer,
          events: [...answer.events, ...(ahead.get(sessionId) ?? [])].slice(0, query.limit),
        };
      },
    };
  }),
  logMutant('sorts the fields of payloads', 'content-unknown-type', (log) =>
    onRead(log, (events) =>
      events.map((event) => ({ ...event, payload: sortFields(event.payload) }) as SessionEvent),
    ),
  ),
  logMutant('escapes line ends', 'content-odd-texts', (log) =>
    onRead(log, (events) => events.map((event) => JSON.parse(JSON.stringify(event).replaceAll('\\r', '')))),
  ),
  logMutant('cuts long texts', 'content-large', (log) =>
    onRead(log, (events) =>
      events.map((event) => JSON.parse(JSON.stringify(event).replace(/ü{1000,}/, 'ü…'))),
    ),
  ),
  storeMutant('keeps the stream of a purged session', 'log-purge', (store) => ({
    async deleteSession(sessionId, write) {
      if (await store.loadSession(sessionId)) await store.deleteSession(sessionId, write);
    },
  })),
];
