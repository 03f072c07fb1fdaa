import type { SessionListItem, Sessions } from '@hhopkins/agent-core';
import {
  AgentServerError,
  listSessionsQuerySchema,
  parseOrThrow,
  readEventsQuerySchema,
} from '@hhopkins/agent-protocol';
import { type ScriptedState, streamOf, summaryOf } from './scripted-state.ts';

type Readers = Pick<Sessions, 'list' | 'get' | 'readEvents' | 'follow' | 'followSessions'>;

/** Everything that only looks. */
export function createReaders(state: ScriptedState, pageSize: number): Readers {
  const { streams, watchers, replaced } = state;

  async function* list(signal: AbortSignal): AsyncGenerator<SessionListItem> {
    let ring = () => {};
    const watcher = () => ring();
    watchers.add(watcher);
    signal.addEventListener('abort', watcher);
    let known: string[] = [];
    try {
      while (!signal.aborted) {
        const changed = new Promise<void>((resolve) => {
          ring = resolve;
        });
        const removed = known.filter((sessionId) => !streams.has(sessionId));
        known = [...streams.keys()];
        yield { sessions: known.map((sessionId) => summaryOf(state, sessionId)), removed, complete: true };
        await changed;
      }
    } finally {
      watchers.delete(watcher);
    }
  }

  return {
    async list(query) {
      const { limit } = parseOrThrow(listSessionsQuerySchema, query ?? {}, 'query');
      const ids = [...streams.keys()].slice(0, limit);
      return { sessions: ids.map((sessionId) => summaryOf(state, sessionId)), nextCursor: null };
    },
    async get(sessionId, at) {
      await replaced.get('get')?.();
      const stream = streamOf(state, sessionId);
      if (at !== undefined && at > stream.head) {
        throw new AgentServerError('invalid_request', `at: the stream ends at ${stream.head}.`);
      }
      const { session, conversation, files, streamId, seq } = stream.snapshot(at);
      return { session, conversation, files, pending: session.pending, streamId, seq };
    },
    async readEvents(sessionId, query) {
      return streamOf(state, sessionId).read(parseOrThrow(readEventsQuerySchema, query, 'query'));
    },
    follow: (sessionId, cursor) =>
      state.follow(async function* (signal) {
        yield* streamOf(state, sessionId).follow(cursor, pageSize, signal);
      }),
    followSessions: () => state.follow(list),
  };
}
