import type { SendMessageResponse, SessionEvent, SessionState, Snapshot } from '@hhopkins/agent-protocol';

/** Over what a client follows its session. */
export type ClientTransport = 'websocket' | 'sse';

export interface ClientSetting {
  url: string;
  sessionId: string;
  transport: ClientTransport;
}

/** What a client is told to do. */
export type ClientOrder =
  | { order: 'send'; key: string; content: string }
  /** To write down what it would show now. */
  | { order: 'show'; asked: number };

/** What a client would show. */
export interface ClientView {
  status: string;
  cursor: { streamId: string; seq: number } | null;
  state: Pick<SessionState, 'conversation' | 'files'> & { session: SessionState['session'] | null };
  /** Keys of messages that it shows beside the conversation: sending, acknowledged or failed. */
  optimistic: readonly string[];
}

/** What a client was shown or answered, written down at that moment. */
export type ClientNote =
  | { note: 'snapshot'; snapshot: Snapshot }
  | { note: 'event'; event: SessionEvent }
  | { note: 'answer'; key: string; answer: SendMessageResponse }
  | { note: 'refusal'; key: string; why: string }
  | { note: 'view'; asked: number; view: ClientView }
  /** What it says against the server. */
  | { note: 'complaint'; what: string };
