import {
  type Clock,
  eventJson,
  type Follow,
  type FollowItem,
  pause,
  type ReaderCursor,
} from '@hhopkins/agent-core';
import { AgentServerError, type SessionEvent } from '@hhopkins/agent-protocol';
import type { WebSocketLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import { createWindow } from './window.ts';

/** One session as one socket follows it. */
export interface Subscription {
  acknowledge(seq: number): void;
  /** Nothing of it is sent from now on. */
  close(): void;
}

export interface SubscriptionParts {
  sessionId: string;
  follow: Follow;
  cursor: ReaderCursor | undefined;
  outbox: Outbox;
  limits: Readonly<WebSocketLimits>;
  clock: Clock;
  /** Called when it ended by itself: the session is gone, the reader lags, or the engine failed. */
  onEnd(): void;
}

/** So that no message is larger than a reader may have outstanding, whatever the engine hands over in one item. */
const MESSAGE_CHARACTERS = 128 * 1024;
/** From here on a message costs so little an event that waiting for more gains nothing. */
const ENOUGH_EVENTS = 10;

/** Pulls from the engine at the reader's pace: a slow one costs what it has outstanding, and delays nobody else. */
export function openSubscription(parts: SubscriptionParts): Subscription {
  const { sessionId, follow, outbox, limits, clock } = parts;
  const window = createWindow();
  const closed = new AbortController();
  let position = parts.cursor?.seq ?? 0;

  const isFree = () =>
    closed.signal.aborted ||
    (outbox.bufferedBytes <= limits.readerBytes && window.outstandingBytes <= limits.readerBytes);

  const send = (text: string, seq: number) => {
    outbox.sendText(text);
    window.sent(seq, text.length);
    position = seq;
  };

  /** False when the reader lags too far behind to be sent any more. */
  async function deliver(item: FollowItem): Promise<boolean> {
    for (const { text, seq } of framesOf(sessionId, item)) {
      const hasRoom = await outbox.waitUntil(isFree, limits.lagMs);
      if (closed.signal.aborted) return false;
      if (!hasRoom) {
        outbox.send({ type: 'lagging', sessionId, after: position });
        return false;
      }
      send(text, seq);
    }
    return true;
  }

  async function pump(): Promise<void> {
    const items = follow[Symbol.asyncIterator]();
    let greeted = false;
    try {
      for (;;) {
        const { done, value: item } = await items.next();
        if (closed.signal.aborted) return;
        if (done) {
          if (!greeted) throw new AgentServerError('session_not_found', 'The session does not exist.');
          outbox.send({ type: 'unsubscribed', sessionId });
          return;
        }
        greeted = true;
        if (!(await deliver(item))) return;
        if (item.type === 'events' && item.events.length < ENOUGH_EVENTS) {
          await pause(clock, limits.batchMs, closed.signal);
        }
      }
    } catch (error) {
      if (closed.signal.aborted) return;
      outbox.send({ type: 'error', sessionId, error: AgentServerError.from(error).toProblem() });
    } finally {
      follow.close();
      items.return?.().catch(() => {});
      if (!closed.signal.aborted) parts.onEnd();
    }
  }

  void pump();
  return {
    acknowledge(seq) {
      window.acknowledged(seq);
      outbox.moved();
    },
    close() {
      closed.abort();
      follow.close();
      outbox.moved();
    },
  };
}

interface OutgoingFrame {
  text: string;
  /** Where a reader stands that has it. */
  seq: number;
}

function* framesOf(sessionId: string, item: FollowItem): Generator<OutgoingFrame> {
  switch (item.type) {
    case 'subscribed':
      yield { text: JSON.stringify({ ...item, sessionId }), seq: item.seq };
      return;
    case 'reset':
      yield { text: JSON.stringify({ ...item, sessionId }), seq: item.snapshot.seq };
      return;
    case 'events':
      yield* eventFrames(sessionId, item.events);
  }
}

/** Joined from the JSON that each event already has, so that a thousand readers cost one stringification. */
function* eventFrames(sessionId: string, events: readonly SessionEvent[]): Generator<OutgoingFrame> {
  const head = `{"type":"events","sessionId":${JSON.stringify(sessionId)},"events":[`;
  let batch: string[] = [];
  let characters = 0;
  for (const [index, event] of events.entries()) {
    const json = eventJson(event);
    batch.push(json);
    characters += json.length;
    if (characters < MESSAGE_CHARACTERS && index < events.length - 1) continue;
    yield { text: `${head}${batch.join(',')}]}`, seq: event.seq };
    batch = [];
    characters = 0;
  }
}
