import type { EngineStatus, SessionEngine, Sessions } from '@hhopkins/agent-core';
import { DEFAULT_PROFILE } from '@hhopkins/agent-protocol';
import { createCommands, createPerform } from './scripted-commands.ts';
import { createFiles } from './scripted-files.ts';
import { createReaders } from './scripted-readers.ts';
import { type RecordedCall, type ScriptedState, streamOf } from './scripted-state.ts';
import { createScriptedStream, type EventDraft, type ScriptedStream } from './scripted-stream.ts';

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
  /** From now on `method` does this first: it rejects, hangs or waits; undefined makes it itself again. */
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
  const stopped = new AbortController();
  let followers = 0;
  let number = 0;
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

  const listChanged = () => {
    for (const ring of [...state.watchers]) ring();
  };
  const state: ScriptedState = {
    streams: new Map(),
    files: new Map(),
    calls: [],
    replaced: new Map(),
    watchers: new Set(),
    nextNumber: () => {
      number += 1;
      return number;
    },
    addSession(sessionId, events = 0) {
      const stream = createScriptedStream(sessionId);
      state.streams.set(sessionId, stream);
      state.files.set(sessionId, new Map());
      const payload = { architecture: 'scripted', principal: 'local', name: sessionId };
      state.emit(sessionId, [{ type: 'session:created', payload }]);
      state.emit(sessionId, events);
      return stream;
    },
    emit(sessionId, what, bytes = 0) {
      const stream = streamOf(state, sessionId);
      stream.emit(typeof what === 'number' ? logEvents(stream.head, what, bytes) : what);
      listChanged();
    },
    purge(sessionId) {
      streamOf(state, sessionId).end();
      state.streams.delete(sessionId);
      state.files.delete(sessionId);
      listChanged();
    },
    follow(read) {
      const closed = new AbortController();
      followers += 1;
      closed.signal.addEventListener('abort', () => {
        followers -= 1;
      });
      return {
        [Symbol.asyncIterator]: () => read(AbortSignal.any([closed.signal, stopped.signal])),
        close: () => closed.abort(),
      };
    },
  };

  const perform = createPerform(state);
  const sessions: Sessions = {
    ...createReaders(state, pageSize),
    ...createCommands(state, perform),
    ...createFiles(state, perform),
  };
  return {
    engine: {
      sessions,
      events: { on: () => () => {} },
      profiles: async () => [DEFAULT_PROFILE],
      architectures: async () => [{ architecture: 'scripted', name: 'Scripted', available: true }],
      status: () => ({ ...status, sessions: state.streams.size }),
      start: async () => {},
      stop: async () => stopped.abort(),
    },
    calls: state.calls,
    addSession: state.addSession,
    stream: (sessionId) => streamOf(state, sessionId),
    emit: state.emit,
    purge: state.purge,
    setStatus: (change) => {
      status = { ...status, ...change };
    },
    replace: (method, behaviour) => {
      if (behaviour) state.replaced.set(method, behaviour);
      else state.replaced.delete(method);
    },
    get followers() {
      return followers;
    },
  };
}

const logEvents = (head: number, count: number, bytes: number): EventDraft[] =>
  Array.from({ length: count }, (_, index) => ({
    type: 'log',
    payload: { level: 'info', message: `event ${head + index + 1} `.padEnd(bytes, '.') },
  }));
