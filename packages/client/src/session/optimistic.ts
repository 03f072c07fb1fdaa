import type {
  AgentServerError,
  Delivery,
  MessageContent,
  SendMessageResponse,
  SessionEvent,
  SessionState,
} from '@hhopkins/agent-protocol';

/** A message of this client that the session's stream does not show yet. */
export interface OptimisticMessage {
  /** The id of the command that carries it. */
  readonly id: string;
  readonly content: MessageContent;
  readonly delivery: Delivery;
  /** `sending` until the server has stored it; `failed` when it was refused or nobody answered in time. */
  readonly status: 'sending' | 'acknowledged' | 'failed';
  /** The id it has in the stream, once the server has said so. */
  readonly messageId: string | undefined;
  readonly error: AgentServerError | undefined;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** The messages between `send` and the stream. Every change gives a new `visible`; without one it stays the same array. */
export interface OptimisticList {
  readonly visible: readonly OptimisticMessage[];
  readonly isEmpty: boolean;
  add(message: Pick<OptimisticMessage, 'id' | 'content' | 'delivery' | 'createdAt'>): void;
  acknowledge(id: string, answer: SendMessageResponse, state: SessionState | undefined): void;
  fail(id: string, error: AgentServerError): void;
  dismiss(id: string): void;
  /** The stream went on: what it shows is taken off the list. */
  heardEvents(events: readonly SessionEvent[]): void;
  /** The session begins anew from a state, which has in it whatever was acknowledged before. */
  heardSnapshot(): void;
}

const UNKNOWN_OUTCOME: ReadonlySet<string> = new Set(['timeout', 'connection_lost']);

/** Failed messages are kept to be shown and sent again, the latest of them. */
const KEPT_FAILURES = 20;

export function createOptimisticList(): OptimisticList {
  let entries: readonly OptimisticMessage[] = [];
  /** The stream is often quicker than the answer. Until that comes, the first with the same content is taken for the one. */
  let guessed: ReadonlyMap<string, string> = new Map();
  let seen = new Set<string>();
  let visible: readonly OptimisticMessage[] = [];

  function put(next: readonly OptimisticMessage[]): void {
    entries = next;
    if (!entries.some(({ status }) => status === 'sending')) seen = new Set();
    const known = new Set(entries.map(({ id }) => id));
    guessed = new Map([...guessed].filter(([, id]) => known.has(id)));
    const hidden = new Set(guessed.values());
    const shown = entries.filter(({ id }) => !hidden.has(id));
    const same = shown.length === visible.length && shown.every((entry, index) => entry === visible[index]);
    if (!same) visible = shown;
  }

  const without = (id: string) => entries.filter((entry) => entry.id !== id);
  const change = (id: string, changes: Partial<OptimisticMessage>) =>
    entries.map((entry) => (entry.id === id ? { ...entry, ...changes } : entry));

  return {
    get visible() {
      return visible;
    },
    get isEmpty() {
      return entries.length === 0;
    },
    add(message) {
      const entry = { ...message, status: 'sending' as const, messageId: undefined, error: undefined };
      put([...without(message.id), entry]);
    },
    acknowledge(id, { messageId }, state) {
      guessed = new Map([...guessed].filter(([, guess]) => guess !== id));
      const isShown = seen.has(messageId) || (state !== undefined && shows(state, messageId));
      put(isShown ? without(id) : change(id, { status: 'acknowledged', messageId }));
    },
    fail(id, error) {
      const isGuessed = [...guessed.values()].includes(id);
      // Nobody knows whether it arrived, and the stream shows one like it.
      if (isGuessed && UNKNOWN_OUTCOME.has(error.code)) return put(without(id));
      guessed = new Map([...guessed].filter(([, guess]) => guess !== id));
      const next = change(id, { status: 'failed', error });
      const failed = next.filter(({ status }) => status === 'failed');
      const forgotten = new Set(failed.slice(0, -KEPT_FAILURES));
      put(next.filter((entry) => !forgotten.has(entry)));
    },
    dismiss: (id) => put(without(id)),
    heardEvents(events) {
      if (entries.length === 0) return;
      for (const event of events) {
        const messageId = messageIdOf(event);
        if (messageId === undefined) continue;
        seen.add(messageId);
        if (event.type === 'turn:queued') {
          const taken = new Set(guessed.values());
          const content = JSON.stringify(event.payload.content);
          const guess = entries.find(
            (entry) =>
              entry.status === 'sending' && !taken.has(entry.id) && JSON.stringify(entry.content) === content,
          );
          if (guess) guessed = new Map([...guessed, [messageId, guess.id]]);
        }
      }
      put(entries.filter(({ messageId }) => messageId === undefined || !seen.has(messageId)));
    },
    heardSnapshot() {
      put(entries.filter(({ status }) => status !== 'acknowledged'));
    },
  };
}

/** The id of the user's message that an event brings into the stream. */
function messageIdOf(event: SessionEvent): string | undefined {
  switch (event.type) {
    case 'turn:queued':
    case 'turn:started':
      return event.payload.messageId;
    case 'block:upsert':
      return event.payload.block.type === 'user_message' ? event.payload.block.id : undefined;
    default:
      return undefined;
  }
}

const shows = ({ session, conversation }: SessionState, messageId: string): boolean =>
  session.activeTurn?.messageId === messageId ||
  session.queue.some((turn) => turn.messageId === messageId) ||
  conversation.blocks.some((block) => block.id === messageId);
