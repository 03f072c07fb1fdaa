import { createHash } from 'node:crypto';
import type {
  Caller,
  EngineStatus,
  EventBus,
  Follow,
  SessionEngine,
  SessionListItem,
  Sessions,
} from '@hhopkins/agent-core';
import {
  AgentServerError,
  answerPermissionRequestSchema,
  answerQuestionRequestSchema,
  createSessionRequestSchema,
  DEFAULT_PROFILE,
  type FileEntry,
  interruptRequestSchema,
  listSessionsQuerySchema,
  parseOrThrow,
  readEventsQuerySchema,
  type Session,
  type SessionSummary,
  sendMessageRequestSchema,
  updateSessionRequestSchema,
  workspacePathSchema,
} from '@hhopkins/agent-protocol';
import { createScriptedStream, type EventDraft, type ScriptedStream } from './scripted-stream.ts';

/** A call of a command, as the engine got it. */
export interface RecordedCall {
  method: keyof Sessions;
  caller: Caller;
  sessionId: string | undefined;
  request: unknown;
}

/** An engine that only does what its script says, and the strings to pull. */
export interface ScriptedEngine {
  readonly engine: SessionEngine;
  readonly calls: readonly RecordedCall[];
  addSession(sessionId: string, events?: number): ScriptedStream;
  stream(sessionId: string): ScriptedStream;
  /** Appends `count` log events of about `bytes` each, or the given ones. */
  emit(sessionId: string, what: number | readonly EventDraft[], bytes?: number): void;
  purge(sessionId: string): void;
  setStatus(change: Partial<EngineStatus>): void;
  /** From now on `method` does this instead; undefined makes it itself again. */
  replace(method: keyof Sessions, behaviour: (() => Promise<never>) | undefined): void;
  /** Followers that are open now. */
  readonly followers: number;
}

export interface ScriptedEngineOptions {
  /** Events in one item of a follower: small, so that borders are met. */
  pageSize?: number;
}

/**
 * An engine double for testing transports: it parses its inputs and obeys the laws of the stream as the real one does, and
 * holds nothing but memory.
 */
export function createScriptedEngine({ pageSize = 10 }: ScriptedEngineOptions = {}): ScriptedEngine {
  const streams = new Map<string, ScriptedStream>();
  const files = new Map<string, Map<string, Uint8Array>>();
  const answered = new Map<string, { body: string; result: unknown }>();
  const replaced = new Map<keyof Sessions, () => Promise<never>>();
  const calls: RecordedCall[] = [];
  const listWatchers = new Set<() => void>();
  const stopped = new AbortController();
  let followers = 0;
  let count = 0;
  let status: EngineStatus = {
    durability: 'memory',
    ready: true,
    problems: [],
    stopping: false,
    sandbox: { provider: 'scripted', isolation: 'none' },
    model: 'scripted',
    sessions: 0,
    metrics: { agent_server_events_total: 3, 'agent_server_turns{outcome="completed"}': 2 },
  };

  const streamOf = (sessionId: string): ScriptedStream => {
    const stream = streams.get(sessionId);
    if (stream) return stream;
    throw new AgentServerError('session_not_found', `There is no session ${JSON.stringify(sessionId)}.`);
  };
  const sessionOf = (sessionId: string): Session => streamOf(sessionId).snapshot().session;
  const listChanged = () => {
    for (const ring of [...listWatchers]) ring();
  };

  function emit(sessionId: string, what: number | readonly EventDraft[], bytes = 0): void {
    const stream = streamOf(sessionId);
    const drafts: readonly EventDraft[] =
      typeof what === 'number'
        ? Array.from({ length: what }, (_, index) => ({
            type: 'log' as const,
            payload: {
              level: 'info' as const,
              message: `event ${stream.head + index + 1} `.padEnd(bytes, '.'),
            },
          }))
        : what;
    stream.emit(drafts);
    listChanged();
  }

  function addSession(sessionId: string, events = 0): ScriptedStream {
    const stream = createScriptedStream(sessionId);
    streams.set(sessionId, stream);
    files.set(sessionId, new Map());
    emit(sessionId, [
      { type: 'session:created', payload: { architecture: 'scripted', principal: 'local', name: sessionId } },
    ]);
    emit(sessionId, events);
    return stream;
  }

  /** A command: recorded, done once for each id, refused when the id comes with another body. */
  async function command<Result>(
    method: keyof Sessions,
    caller: Caller,
    sessionId: string | undefined,
    request: unknown,
    perform: () => Result,
  ): Promise<Result> {
    await replaced.get(method)?.();
    calls.push({ method, caller, sessionId, request });
    if (caller.commandId === undefined) return perform();
    const key = JSON.stringify([caller.principal, sessionId, caller.commandId]);
    const body = JSON.stringify([method, request]);
    const known = answered.get(key);
    if (known && known.body !== body) {
      throw new AgentServerError('idempotency_key_reused', 'The key was used for another request.');
    }
    const result = known ? (known.result as Result) : perform();
    answered.set(key, { body, result });
    return result;
  }

  const contentOf = (sessionId: string, path: string): Uint8Array => {
    const content = files
      .get(streamOf(sessionId) && sessionId)
      ?.get(parseOrThrow(workspacePathSchema, path, 'path'));
    if (content) return content;
    throw new AgentServerError('file_not_found', `There is no file ${JSON.stringify(path)}.`);
  };

  const summaryOf = (sessionId: string): SessionSummary => {
    const { session, seq } = streamOf(sessionId).snapshot();
    const { architecture, name, principal, status: state, metadata, createdAt, updatedAt } = session;
    return {
      sessionId,
      architecture,
      name,
      principal,
      status: state,
      metadata,
      createdAt,
      updatedAt,
      asOfSeq: seq,
    };
  };

  /** Counts the follower for as long as it is open. */
  function followOf<Item>(
    read: (signal: AbortSignal) => AsyncGenerator<Item>,
  ): AsyncIterable<Item> & { close(): void } {
    const closed = new AbortController();
    followers += 1;
    closed.signal.addEventListener('abort', () => {
      followers -= 1;
    });
    return {
      [Symbol.asyncIterator]: () => read(AbortSignal.any([closed.signal, stopped.signal])),
      close: () => closed.abort(),
    };
  }

  const sessions: Sessions = {
    async create(caller, request) {
      const body = parseOrThrow(createSessionRequestSchema, request, 'body');
      return command('create', caller, undefined, body, () => {
        count += 1;
        const sessionId = `session-${count}`;
        addSession(sessionId);
        return { sessionId, session: sessionOf(sessionId) };
      });
    },
    async list(query) {
      const { limit } = parseOrThrow(listSessionsQuerySchema, query ?? {}, 'query');
      return { sessions: [...streams.keys()].slice(0, limit).map(summaryOf), nextCursor: null };
    },
    async get(sessionId, at) {
      await replaced.get('get')?.();
      const stream = streamOf(sessionId);
      if (at !== undefined && at > stream.head) {
        throw new AgentServerError('invalid_request', `at: the stream ends at ${stream.head}.`);
      }
      const { session, conversation, files: entries, streamId, seq } = stream.snapshot(at);
      return { session, conversation, files: entries, pending: session.pending, streamId, seq };
    },
    async update(caller, sessionId, request) {
      const body = parseOrThrow(updateSessionRequestSchema, request, 'body');
      return command('update', caller, sessionId, body, () => {
        emit(sessionId, [{ type: 'session:updated', payload: body }]);
        return sessionOf(sessionId);
      });
    },
    async delete(caller, sessionId, how) {
      return command('delete', caller, sessionId, how, () => {
        emit(sessionId, [
          { type: 'session:terminated', payload: { reason: 'deleted', by: caller.principal } },
        ]);
        if (how?.purge) purge(sessionId);
      });
    },
    async sendMessage(caller, sessionId, request) {
      const { content, delivery } = parseOrThrow(sendMessageRequestSchema, request, 'body');
      streamOf(sessionId);
      return command('sendMessage', caller, sessionId, { content, delivery }, () => {
        count += 1;
        const ids = { messageId: `message-${count}`, turnId: `turn-${count}` };
        emit(sessionId, [{ type: 'turn:queued', payload: { ...ids, content, delivery } }]);
        return { sessionId, ...ids, durability: 'memory' as const };
      });
    },
    async cancelMessage(caller, sessionId, messageId) {
      return command('cancelMessage', caller, sessionId, messageId, () => {
        const turn = sessionOf(sessionId).queue.find((each) => each.messageId === messageId);
        if (!turn)
          throw new AgentServerError('message_not_found', `There is no queued message ${messageId}.`);
        emit(sessionId, [{ type: 'turn:cancelled', payload: { turnId: turn.turnId, messageId } }]);
        return sessionOf(sessionId);
      });
    },
    async interrupt(caller, sessionId, request) {
      const body = parseOrThrow(interruptRequestSchema, request ?? {}, 'body');
      return command('interrupt', caller, sessionId, body, () => sessionOf(sessionId));
    },
    async answerPermission(caller, sessionId, requestId, request) {
      const body = parseOrThrow(answerPermissionRequestSchema, request, 'body');
      return command('answerPermission', caller, sessionId, { requestId, ...body }, () => {
        const open = sessionOf(sessionId).pending.permissions.some((each) => each.requestId === requestId);
        if (!open) throw new AgentServerError('request_not_found', `There is no request ${requestId}.`);
        const outcome = body.decision === 'deny' ? ('deny' as const) : ('allow' as const);
        emit(sessionId, [
          { type: 'permission:resolved', payload: { requestId, outcome, by: caller.principal } },
        ]);
        return sessionOf(sessionId);
      });
    },
    async answerQuestion(caller, sessionId, requestId, request) {
      const body = parseOrThrow(answerQuestionRequestSchema, request, 'body');
      return command('answerQuestion', caller, sessionId, { requestId, ...body }, () => {
        const open = sessionOf(sessionId).pending.questions.some((each) => each.requestId === requestId);
        if (!open) throw new AgentServerError('request_not_found', `There is no request ${requestId}.`);
        emit(sessionId, [
          { type: 'question:resolved', payload: { requestId, outcome: 'answered', by: caller.principal } },
        ]);
        return sessionOf(sessionId);
      });
    },
    sync: (caller, sessionId) => command('sync', caller, sessionId, undefined, () => sessionOf(sessionId)),
    wake: (caller, sessionId) => command('wake', caller, sessionId, undefined, () => sessionOf(sessionId)),
    async readEvents(sessionId, query) {
      return streamOf(sessionId).read(parseOrThrow(readEventsQuerySchema, query, 'query'));
    },
    follow: (sessionId, cursor): Follow =>
      followOf(async function* (signal) {
        yield* streamOf(sessionId).follow(cursor, pageSize, signal);
      }),
    followSessions: () =>
      followOf<SessionListItem>(async function* (signal) {
        let ring = () => {};
        let changed = Promise.resolve();
        const arm = () => {
          changed = new Promise((resolve) => {
            ring = resolve;
          });
        };
        const watcher = () => ring();
        listWatchers.add(watcher);
        signal.addEventListener('abort', watcher);
        let known: string[] = [];
        try {
          while (!signal.aborted) {
            arm();
            const removed = known.filter((sessionId) => !streams.has(sessionId));
            known = [...streams.keys()];
            yield { sessions: known.map(summaryOf), removed, complete: true };
            await changed;
          }
        } finally {
          listWatchers.delete(watcher);
        }
      }),
    async transcript(sessionId, subagentId) {
      streamOf(sessionId);
      return `transcript of ${subagentId ?? 'main'}\n`;
    },
    async files(sessionId) {
      streamOf(sessionId);
      return [...(files.get(sessionId) ?? [])].map(([path, content]) => entryOf(path, content));
    },
    async readFile(sessionId, path) {
      const content = contentOf(sessionId, path);
      const { hash, mode, modifiedAt } = entryOf(path, content);
      return { content, hash, mode, modifiedAt };
    },
    async writeFile(caller, sessionId, path, content) {
      const name = parseOrThrow(workspacePathSchema, path, 'path');
      streamOf(sessionId);
      return command('writeFile', caller, sessionId, name, () => {
        files.get(sessionId)?.set(name, content);
      });
    },
    async deleteFile(caller, sessionId, path) {
      contentOf(sessionId, path);
      return command('deleteFile', caller, sessionId, path, () => {
        files.get(sessionId)?.delete(path);
      });
    },
    async workspaceArchive(sessionId) {
      streamOf(sessionId);
      return new Uint8Array(1024);
    },
  };

  function purge(sessionId: string): void {
    streamOf(sessionId).end();
    streams.delete(sessionId);
    files.delete(sessionId);
    listChanged();
  }

  const events: EventBus = { on: () => () => {} };
  return {
    engine: {
      sessions,
      events,
      profiles: async () => [DEFAULT_PROFILE],
      architectures: async () => [{ architecture: 'scripted', name: 'Scripted', available: true }],
      status: () => ({ ...status, sessions: streams.size }),
      start: async () => {},
      stop: async () => stopped.abort(),
    },
    calls,
    addSession,
    stream: streamOf,
    emit,
    purge,
    setStatus: (change) => {
      status = { ...status, ...change };
    },
    replace: (method, behaviour) => {
      if (behaviour) replaced.set(method, behaviour);
      else replaced.delete(method);
    },
    get followers() {
      return followers;
    },
  };
}

function entryOf(path: string, content: Uint8Array): FileEntry {
  const hash = createHash('sha256').update(content).digest('hex');
  return { path, hash, size: content.length, mode: 0o644, modifiedAt: new Date(0).toISOString() };
}
