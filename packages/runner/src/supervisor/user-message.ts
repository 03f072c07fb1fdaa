import type { MessageContent } from '@hhopkins/agent-protocol';
import type { DriverEvent } from '../drivers/driver.ts';

/** The block of a message of the user, as a turn, a steering or a turn found in the transcript brings it. */
export function userMessage(message: {
  turnId: string;
  messageId: string;
  content: MessageContent;
}): DriverEvent<'block:upsert'> {
  const { turnId, messageId, content } = message;
  const timestamp = new Date().toISOString();
  return {
    type: 'block:upsert',
    conversationId: 'main',
    turnId,
    payload: {
      block: { id: messageId, type: 'user_message', content, timestamp, status: 'complete', turnId },
    },
  };
}
