import type { FollowItem, SessionEngine, Sessions } from '@hhopkins/agent-core';
import { AgentServerError, type SessionEvent } from '@hhopkins/agent-protocol';

/** A transport with one fault, made by putting the fault between it and its engine. */
export interface TransportMutant {
  readonly id: string;
  /** What is wrong with it. */
  readonly fault: string;
  /** Ids of cases that must notice, by what the transport speaks. */
  readonly caughtBy: { readonly http: readonly string[]; readonly websocket: readonly string[] };
  spoil(engine: SessionEngine): SessionEngine;
}

/** Faults that the kit must catch; a kit that passes one of them proves nothing. */
export const transportMutants: readonly TransportMutant[] = [
  {
    id: 'drops-at-page-border',
    fault: 'the first event of every page but the first is lost',
    caughtBy: {
      http: ['rest-exactly-after-cursor', 'sse-exactly-after-cursor'],
      websocket: ['websocket-exactly-after-cursor'],
    },
    spoil: (engine) =>
      withSessions(engine, (sessions) => ({
        readEvents: async (sessionId, query) => {
          const page = await sessions.readEvents(sessionId, query);
          const isFirst = Number(query.after ?? 0) <= 8;
          return isFirst ? page : { ...page, events: page.events.slice(1) };
        },
        follow: (sessionId, cursor) => spoilFollow(sessions.follow(sessionId, cursor), dropAtBorders()),
      })),
  },
  {
    id: 'doubles-at-hand-over',
    fault: 'the last event of a page comes again with the next',
    caughtBy: {
      http: ['rest-live-hand-over', 'sse-live-hand-over'],
      websocket: ['websocket-live-hand-over'],
    },
    spoil: (engine) =>
      withSessions(engine, (sessions) => ({
        readEvents: (sessionId, query) =>
          sessions.readEvents(sessionId, { ...query, after: Math.max(Number(query.after ?? 0) - 1, 0) }),
        follow: (sessionId, cursor) => spoilFollow(sessions.follow(sessionId, cursor), doubleAtHandOver()),
      })),
  },
  {
    id: 'ignores-cursor',
    fault: 'every reader starts at the beginning',
    caughtBy: {
      http: [
        'rest-exactly-after-cursor',
        'sse-exactly-after-cursor',
        'sse-resume-anywhere',
        'sse-last-event-id-wins',
      ],
      websocket: ['websocket-exactly-after-cursor', 'websocket-resume-anywhere'],
    },
    spoil: (engine) =>
      withSessions(engine, (sessions) => ({
        readEvents: (sessionId, query) => sessions.readEvents(sessionId, { ...query, after: 0 }),
        follow: (sessionId, cursor) => sessions.follow(sessionId, cursor && { ...cursor, seq: 0 }),
      })),
  },
  {
    id: 'ignores-stream',
    fault: 'a cursor of another stream is taken for one of this',
    caughtBy: {
      http: ['rest-foreign-stream', 'sse-foreign-stream'],
      websocket: ['websocket-foreign-stream'],
    },
    spoil: (engine) =>
      withSessions(engine, (sessions) => ({
        readEvents: (sessionId, { streamId: _, ...query }) => sessions.readEvents(sessionId, query),
        follow: (sessionId, cursor) => sessions.follow(sessionId, cursor && { seq: cursor.seq }),
      })),
  },
  {
    id: 'reverses-pages',
    fault: 'events of a page come in the wrong order',
    caughtBy: { http: ['rest-bare-seq', 'sse-bare-seq'], websocket: ['websocket-bare-seq'] },
    spoil: (engine) =>
      withSessions(engine, (sessions) => ({
        readEvents: async (sessionId, query) => {
          const page = await sessions.readEvents(sessionId, query);
          return { ...page, events: page.events.toReversed() };
        },
        follow: (sessionId, cursor) =>
          spoilFollow(sessions.follow(sessionId, cursor), (events) => events.toReversed()),
      })),
  },
  {
    id: 'forgets-followers',
    fault: 'what a reader followed is not let go when it leaves',
    caughtBy: { http: ['sse-left-alone'], websocket: ['lost-socket', 'unsubscribe'] },
    spoil: (engine) =>
      withSessions(engine, (sessions) => ({
        follow: (sessionId, cursor) => ({ ...iterable(sessions.follow(sessionId, cursor)), close: () => {} }),
      })),
  },
  {
    id: 'ignores-command-id',
    fault: 'a command that is sent again is done again',
    caughtBy: { http: ['message-once'], websocket: ['command-results'] },
    spoil: (engine) =>
      withSessions(engine, (sessions) => ({
        sendMessage: ({ principal }, sessionId, request) =>
          sessions.sendMessage({ principal }, sessionId, request),
      })),
  },
  {
    id: 'leaks-faults',
    fault: 'a fault of our own is told with its details',
    caughtBy: { http: ['internal-leaks-nothing'], websocket: ['internal-frame-leaks-nothing'] },
    spoil: (engine) =>
      withSessions(engine, (sessions) => ({
        get: (sessionId, at) => sessions.get(sessionId, at).catch(asTold),
        interrupt: (caller, sessionId, request) =>
          sessions.interrupt(caller, sessionId, request).catch(asTold),
      })),
  },
];

function withSessions(
  engine: SessionEngine,
  change: (sessions: Sessions) => Partial<Sessions>,
): SessionEngine {
  return { ...engine, sessions: { ...engine.sessions, ...change(engine.sessions) } };
}

type Events = readonly SessionEvent[];
type Spoil = (events: Events) => Events;

const iterable = <Item>(items: AsyncIterable<Item>) => ({
  [Symbol.asyncIterator]: () => items[Symbol.asyncIterator](),
});

function spoilFollow(follow: ReturnType<Sessions['follow']>, spoil: Spoil): ReturnType<Sessions['follow']> {
  async function* spoiled(): AsyncGenerator<FollowItem> {
    for await (const item of follow) {
      yield item.type === 'events' ? { ...item, events: spoil(item.events) } : item;
    }
  }
  return { [Symbol.asyncIterator]: spoiled, close: () => follow.close() };
}

function dropAtBorders(): Spoil {
  let pages = 0;
  return (events) => {
    pages += 1;
    return pages === 1 ? events : events.slice(1);
  };
}

function doubleAtHandOver(): Spoil {
  let last: SessionEvent | undefined;
  return (events) => {
    const doubled = last ? [last, ...events] : events;
    last = events.at(-1);
    return doubled;
  };
}

/** The whole error becomes what users are told. */
function asTold(error: unknown): never {
  throw new AgentServerError('internal', String(error));
}
