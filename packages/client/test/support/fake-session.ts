import type { SessionEvent, SessionState, Snapshot } from '@hhopkins/agent-protocol';
import { initialState, reduce } from '@hhopkins/agent-protocol/light';

export type Draft = Pick<SessionEvent, 'type' | 'payload'>;

/** A session's stream as a server has it: the oracle. */
export interface FakeSession {
  readonly streamId: string;
  readonly events: readonly SessionEvent[];
  emit(...drafts: Draft[]): void;
  /** The log is lost: it begins again under another id. */
  rewind(): void;
  state(at?: number): SessionState;
  snapshot(at?: number): Snapshot;
}

export const logDraft = (message: string): Draft => ({ type: 'log', payload: { level: 'info', message } });

export function createFakeSession(sessionId: string): FakeSession {
  let generation = 1;
  let events: SessionEvent[] = [];
  const state = (at = events.length) => events.slice(0, at).reduce(reduce, initialState(sessionId));
  const streamId = () => `${sessionId}.${generation}`;
  return {
    get streamId() {
      return streamId();
    },
    get events() {
      return events;
    },
    emit(...drafts) {
      const context = {
        sessionId,
        conversationId: 'main',
        source: 'engine' as const,
        timestamp: new Date(events.length).toISOString(),
      };
      for (const draft of drafts) events.push({ ...draft, seq: events.length + 1, context } as SessionEvent);
    },
    rewind() {
      generation += 1;
      events = [];
    },
    state,
    snapshot: (at = events.length) => ({ ...state(at), streamId: streamId(), seq: at }),
  };
}
