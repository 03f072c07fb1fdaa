import type { ClientFrame, Problem, ServerFrame, SessionSummary } from '@hhopkins/agent-protocol';
import { AgentServerError } from '@hhopkins/agent-protocol/light';
import { type BackOff, backOffMs } from '../support/back-off.ts';
import type { Clock } from '../support/clock.ts';
import { createListeners, type ReportError } from '../support/listeners.ts';

/** What the list of sessions looks like here and now, those used last first. The same object until something changes. */
export interface SessionListView {
  /** As of a session's view. */
  readonly status: 'idle' | 'loading' | 'live' | 'stale';
  readonly sessions: readonly SessionSummary[];
  readonly error: AgentServerError | undefined;
}

export interface SessionListStore {
  readonly view: SessionListView;
  subscribe(listener: () => void): () => void;
  up(): void;
  down(): void;
  frame(frame: Extract<ServerFrame, { type: 'sessions' }>): void;
  /** A fault that named neither a command nor a session: it may have been the list's. */
  refused(problem: Problem): void;
}

export interface SessionListParts {
  isUp(): boolean;
  send(frame: ClientFrame): void;
  want(): () => void;
  clock: Clock;
  random(): number;
  report: ReportError;
  retry: BackOff;
  /** How long the server may take to send the whole list before it is asked again, milliseconds. */
  answerMs: number;
}

export function createSessionList(parts: SessionListParts): SessionListStore {
  const { send, clock, random, retry, answerMs } = parts;
  const listeners = createListeners(parts.report);
  let known: Map<string, SessionSummary> | undefined;
  /** The pages of a list that is not whole yet. */
  let arriving: Map<string, SessionSummary> | undefined;
  let isLive = false;
  let error: AgentServerError | undefined;
  let failures = 0;
  let release: (() => void) | undefined;
  let cancelTimer = () => {};
  let view: SessionListView = { status: 'idle', sessions: [], error };

  function changed(): void {
    const status = isLive ? 'live' : known ? 'stale' : release ? 'loading' : 'idle';
    const sessions = [...(known?.values() ?? [])].sort(latestFirst);
    view = { status, sessions, error };
    listeners.notify();
  }

  function ask(): void {
    arriving = new Map();
    send({ type: 'subscribe', sessions: true });
    after(answerMs, ask);
  }

  function after(milliseconds: number, act: () => void): void {
    cancelTimer();
    cancelTimer = clock.schedule(milliseconds, act);
  }

  function rest(): void {
    cancelTimer();
    arriving = undefined;
    isLive = false;
  }

  return {
    get view() {
      return view;
    },
    subscribe(listener) {
      const remove = listeners.add(listener);
      if (!release) {
        release = parts.want();
        if (parts.isUp()) ask();
        changed();
      }
      return () => {
        remove();
        if (listeners.size > 0 || !release) return;
        if (parts.isUp()) send({ type: 'unsubscribe', sessions: true });
        rest();
        release();
        release = undefined;
        changed();
      };
    },
    up() {
      if (release) ask();
    },
    down() {
      rest();
      changed();
    },
    frame({ sessions, removed, complete }) {
      if (!release) return;
      const list = arriving ?? known ?? new Map();
      for (const session of sessions) list.set(session.sessionId, session);
      for (const sessionId of removed) list.delete(sessionId);
      if (arriving && !complete) return;
      known = list;
      arriving = undefined;
      isLive = true;
      error = undefined;
      failures = 0;
      cancelTimer();
      changed();
    },
    refused(problem) {
      if (!release) return;
      error = AgentServerError.fromProblem(problem);
      failures += 1;
      isLive = false;
      after(backOffMs(retry, failures, random()), ask);
      changed();
    },
  };
}

/** ISO 8601 in UTC sorts as text. */
const latestFirst = (left: SessionSummary, right: SessionSummary): number =>
  right.updatedAt.localeCompare(left.updatedAt) || left.sessionId.localeCompare(right.sessionId);
