import type { Clock, ReaderCursor, Sessions } from '@hhopkins/agent-core';
import { AgentServerError, type ClientFrame } from '@hhopkins/agent-protocol';
import { type CommandFrame, createCommandLanes } from './command-lanes.ts';
import type { WebSocketLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import { openSessionList } from './session-list.ts';
import { openSubscription, type Subscription } from './subscription.ts';

/** What an admitted client may ask for, and what it holds. */
export interface Desk {
  readonly subscriptions: number;
  /** Returns at once; throws an AgentServerError when the frame cannot be served. */
  handle(frame: ClientFrame): void;
  /** Lets go of everything the client held. */
  close(): void;
}

export interface DeskParts {
  sessions: Sessions;
  principal: string;
  outbox: Outbox;
  limits: Readonly<WebSocketLimits>;
  clock: Clock;
  /** A command that failed after `handle` returned. */
  fail(error: unknown, about: { id: string; sessionId: string }): void;
}

export function createDesk({ sessions, principal, outbox, limits, clock, fail }: DeskParts): Desk {
  const subscriptions = new Map<string, Subscription>();
  const lanes = createCommandLanes({
    sessions,
    principal,
    clock,
    maximum: limits.commands,
    deadlineMs: limits.commandMs,
  });
  let closeList = () => {};

  function subscribe(sessionId: string, cursor: ReaderCursor | undefined): void {
    const existing = subscriptions.get(sessionId);
    if (!existing && subscriptions.size >= limits.subscriptions) {
      throw new AgentServerError(
        'capacity',
        `A connection may follow ${limits.subscriptions} sessions. Unsubscribe from one, or open another connection.`,
      );
    }
    existing?.close();
    const subscription = openSubscription({
      sessionId,
      follow: sessions.follow(sessionId, cursor),
      cursor,
      outbox,
      limits,
      clock,
      onEnd: () => {
        if (subscriptions.get(sessionId) === subscription) subscriptions.delete(sessionId);
      },
    });
    subscriptions.set(sessionId, subscription);
  }

  function unsubscribe(sessionId: string): void {
    subscriptions.get(sessionId)?.close();
    subscriptions.delete(sessionId);
    outbox.send({ type: 'unsubscribed', sessionId });
  }

  function subscribeToList(): void {
    closeList();
    closeList = openSessionList({ follow: sessions.followSessions(), outbox, limits });
  }

  function unsubscribeFromList(): void {
    closeList();
    outbox.send({ type: 'unsubscribed' });
  }

  async function perform(frame: CommandFrame): Promise<void> {
    const { id, sessionId } = frame;
    try {
      outbox.send({ type: 'ack', id, result: await lanes.perform(frame) });
    } catch (error) {
      fail(error, { id, sessionId });
    }
  }

  return {
    get subscriptions() {
      return subscriptions.size;
    },
    handle(frame) {
      switch (frame.type) {
        case 'auth':
          break;
        case 'ping':
          outbox.send({ type: 'pong' });
          break;
        case 'subscribe':
          if ('sessions' in frame) subscribeToList();
          else subscribe(frame.sessionId, cursorOf(frame.after));
          break;
        case 'unsubscribe':
          if ('sessions' in frame) unsubscribeFromList();
          else unsubscribe(frame.sessionId);
          break;
        case 'ack':
          subscriptions.get(frame.sessionId)?.acknowledge(frame.seq);
          break;
        default:
          void perform(frame);
      }
    },
    close() {
      closeList();
      for (const subscription of subscriptions.values()) subscription.close();
      subscriptions.clear();
    },
  };
}

const cursorOf = (after: number | ReaderCursor | undefined): ReaderCursor | undefined =>
  typeof after === 'number' ? { seq: after } : after;
