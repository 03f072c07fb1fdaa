import type {
  AnswerPermissionRequest,
  AnswerQuestionRequest,
  Delivery,
  InterruptRequest,
  MessageContent,
  SendMessageResponse,
  Session,
} from '@hhopkins/agent-protocol';
import { AgentServerError } from '@hhopkins/agent-protocol/light';
import type { Outbox } from '../commands/outbox.ts';
import type { Clock } from '../support/clock.ts';
import { createIdentifier } from '../support/identifier.ts';
import type { SessionObserver, SessionStore } from './session-store.ts';
import type { SessionView } from './session-view.ts';

export interface SendOptions {
  /** The command's id, a new one by default: the same id again is the same command, done once. */
  id?: string | undefined;
  /** How long it is sent again and again before it is given up, milliseconds; `Infinity` for ever. */
  deadlineMs?: number | undefined;
}

/**
 * One session, live. What is wished of it is kept, and sent again after every lost connection, until the server has
 * answered; the promises resolve with that answer, or reject with an `AgentServerError`.
 */
export interface SessionClient {
  readonly id: string;
  /** Follows the session for as long as it is subscribed to. Returns what ends that. */
  subscribe(listener: () => void): () => void;
  /** What the session looks like: the same object until a listener is called. */
  getSnapshot(): SessionView;
  /** Follows the session event by event. Returns what ends that. */
  observe(observer: SessionObserver): () => void;
  /** Sends a message, which stands in `optimistic` until the stream shows it, or until `dismiss` when it failed. */
  send(
    content: MessageContent,
    options?: SendOptions & { delivery?: Delivery | undefined },
  ): Promise<SendMessageResponse>;
  /** Stops the turn named, or the running one. */
  interrupt(request?: InterruptRequest, options?: SendOptions): Promise<Session>;
  answerPermission(
    requestId: string,
    request: AnswerPermissionRequest,
    options?: SendOptions,
  ): Promise<Session>;
  answerQuestion(requestId: string, request: AnswerQuestionRequest, options?: SendOptions): Promise<Session>;
  /** Takes a message that failed off the optimistic list. */
  dismiss(id: string): void;
}

export interface SessionClientParts {
  sessionId: string;
  outbox: Outbox;
  clock: Clock;
  /** The store may be forgotten while nobody uses it, so it is looked up each time. */
  store(): SessionStore;
}

export function createSessionClient({ sessionId, outbox, clock, store }: SessionClientParts): SessionClient {
  return {
    id: sessionId,
    subscribe: (listener) => store().subscribe(listener),
    getSnapshot: () => store().view,
    observe: (observer) => store().observe(observer),
    send(content, { id = createIdentifier(), delivery = 'queue', deadlineMs } = {}) {
      const session = store();
      const { optimistic } = session;
      const frame = { type: 'message', id, sessionId, content, delivery } as const;
      const createdAt = new Date(clock.now()).toISOString();
      const answer = outbox.submit(frame, deadlineMs) as Promise<unknown> as Promise<SendMessageResponse>;
      optimistic.add({ id, content, delivery, createdAt });
      session.changed();
      // A failure shows in the list, so that a caller who does not look at the promise misses nothing.
      answer.then(
        (acknowledged) => {
          if (session.isFollowed) optimistic.acknowledge(id, acknowledged, session.state);
          else optimistic.dismiss(id);
          session.changed();
        },
        (error) => {
          if (error.code === 'duplicate_command') return;
          optimistic.fail(id, AgentServerError.from(error));
          session.changed();
        },
      );
      return answer;
    },
    interrupt: (request = {}, options) =>
      command({ ...request, type: 'interrupt', id: idOf(options), sessionId }, options),
    answerPermission: (requestId, request, options) =>
      command({ ...request, type: 'permission', id: idOf(options), sessionId, requestId }, options),
    answerQuestion: (requestId, request, options) =>
      command({ ...request, type: 'question', id: idOf(options), sessionId, requestId }, options),
    dismiss(id) {
      store().optimistic.dismiss(id);
      store().changed();
    },
  };

  function command(frame: Parameters<Outbox['submit']>[0], options: SendOptions | undefined) {
    return outbox.submit(frame, options?.deadlineMs) as Promise<unknown> as Promise<Session>;
  }
}

const idOf = (options: SendOptions | undefined): string => options?.id ?? createIdentifier();
