import { createHash } from 'node:crypto';
import type { SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';
import { claude } from '@hhopkins/agent-converters';
import type { Prompt } from '../driver.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const isUuid = (id: string): boolean => UUID.test(id);

/**
 * The id under which Claude's transcript keeps a message. Claude takes uuids only, and drops one that it has had: the
 * same message never runs twice. Another id is turned into a uuid, always the same.
 */
export function messageUuid(messageId: string): SDKUserMessage['uuid'] & string {
  const hex = createHash('sha256').update(messageId).digest('hex');
  const derived = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return (isUuid(messageId) ? messageId : derived.join('-')) as SDKUserMessage['uuid'] & string;
}

export function userMessage({ messageId, content }: Pick<Prompt, 'messageId' | 'content'>): SDKUserMessage {
  return {
    type: 'user',
    uuid: messageUuid(messageId),
    parent_tool_use_id: null,
    message: {
      role: 'user',
      content: claude.toClaudeContent(content) as SDKUserMessage['message']['content'],
    },
  };
}

/** Text for the agent that is no message of the user's: it is answered with the next one, and not shown. */
export function backgroundMessage(text: string): SDKUserMessage {
  return {
    type: 'user',
    parent_tool_use_id: null,
    isSynthetic: true,
    shouldQuery: false,
    message: { role: 'user', content: text },
  };
}
