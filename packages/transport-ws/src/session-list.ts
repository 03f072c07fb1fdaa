import type { FollowSessions } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';
import type { WebSocketLimits } from './limits.ts';
import type { Outbox } from './outbox.ts';

export interface SessionListParts {
  follow: FollowSessions;
  outbox: Outbox;
  limits: Readonly<WebSocketLimits>;
}

/**
 * Sends the list of sessions and its changes. The engine keeps what changed meanwhile, so that a slow reader gets fewer
 * and later messages, never a wrong list.
 *
 * @returns closes it
 */
export function openSessionList({ follow, outbox, limits }: SessionListParts): () => void {
  let closed = false;

  async function pump(): Promise<void> {
    try {
      for await (const item of follow) {
        const hasRoom = await outbox.waitUntil(
          () => closed || outbox.bufferedBytes <= limits.readerBytes,
          limits.stallMs,
        );
        // Without room the socket itself is given up, by its own watch.
        if (closed || !hasRoom) return;
        outbox.sendText(JSON.stringify({ type: 'sessions', ...item }));
      }
    } catch (error) {
      if (!closed) outbox.send({ type: 'error', error: AgentServerError.from(error).toProblem() });
    } finally {
      follow.close();
    }
  }

  void pump();
  return () => {
    closed = true;
    follow.close();
    outbox.moved();
  };
}
