import type { Caller, Sessions } from '@hhopkins/agent-core';
import { AgentServerError, type Session, type SessionSummary } from '@hhopkins/agent-protocol';
import type { EventDraft, ScriptedStream } from './scripted-stream.ts';

/** A call of a command, as the engine got it. */
export interface RecordedCall {
  method: keyof Sessions;
  caller: Caller;
  sessionId: string | undefined;
  request: unknown;
}

/** What the parts of the double share. */
export interface ScriptedState {
  readonly streams: Map<string, ScriptedStream>;
  readonly files: Map<string, Map<string, Uint8Array>>;
  readonly calls: RecordedCall[];
  /** Methods that do something else for a while. */
  readonly replaced: Map<keyof Sessions, () => Promise<never>>;
  /** Rung when the list of sessions changed. */
  readonly watchers: Set<() => void>;
  addSession(sessionId: string, events?: number): ScriptedStream;
  emit(sessionId: string, what: number | readonly EventDraft[], bytes?: number): void;
  purge(sessionId: string): void;
  nextNumber(): number;
  /** Counts what follows for as long as it is open. */
  follow<Item>(read: (signal: AbortSignal) => AsyncGenerator<Item>): AsyncIterable<Item> & { close(): void };
}

export function streamOf({ streams }: ScriptedState, sessionId: string): ScriptedStream {
  const stream = streams.get(sessionId);
  if (stream) return stream;
  throw new AgentServerError('session_not_found', `There is no session ${JSON.stringify(sessionId)}.`);
}

export const sessionOf = (state: ScriptedState, sessionId: string): Session =>
  streamOf(state, sessionId).snapshot().session;

export function summaryOf(state: ScriptedState, sessionId: string): SessionSummary {
  const { session, seq } = streamOf(state, sessionId).snapshot();
  const { architecture, name, principal, status, metadata, createdAt, updatedAt } = session;
  return { sessionId, architecture, name, principal, status, metadata, createdAt, updatedAt, asOfSeq: seq };
}
