import { randomUUID } from 'node:crypto';
import type { ModelRequest } from '../../model-request.ts';
import type { AnswerPart, MessageAnswer } from '../../scenario/answer.ts';
import { countTokens } from '../tokens.ts';

export type ContentBlock =
  | { type: 'thinking'; thinking: string; signature: string }
  | { type: 'text'; text: string }
  | { type: 'tool_use'; id: string; name: string; input: unknown };

export interface Message {
  id: string;
  type: 'message';
  role: 'assistant';
  model: string;
  content: ContentBlock[];
  stop_reason: 'tool_use' | 'end_turn' | null;
  stop_sequence: null;
  usage: {
    input_tokens: number;
    cache_creation_input_tokens: number;
    cache_read_input_tokens: number;
    output_tokens: number;
    service_tier: 'standard';
  };
}

/** A new id in the manner of the API, such as `msg_01…`. */
export function newId(prefix: 'msg' | 'toolu' | 'req'): string {
  return `${prefix}_01${randomUUID().replaceAll('-', '').slice(0, 22)}`;
}

/** The whole answer as one Messages API message. */
export function buildMessage(answer: MessageAnswer, request: ModelRequest): Message {
  const content = answer.parts.map(buildBlock);
  return {
    id: newId('msg'),
    type: 'message',
    role: 'assistant',
    model: request.model,
    content,
    stop_reason: content.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: {
      input_tokens: request.inputTokens,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: content.map(blockTokens).reduce((sum, tokens) => sum + tokens, 0),
      service_tier: 'standard',
    },
  };
}

function buildBlock(part: AnswerPart): ContentBlock {
  switch (part.type) {
    case 'thinking':
      return { type: 'thinking', thinking: part.text, signature: signatureOf(part.text) };
    case 'text':
      return { type: 'text', text: part.text };
    case 'call':
      return { type: 'tool_use', id: newId('toolu'), name: part.name, input: part.input };
  }
}

/** Agents send thinking back with its signature and refuse an empty one; nobody verifies this one. */
function signatureOf(thought: string): string {
  return Buffer.from(`simulated:${thought.length}`).toString('base64');
}

function blockTokens(block: ContentBlock): number {
  switch (block.type) {
    case 'thinking':
      return countTokens(block.thinking);
    case 'text':
      return countTokens(block.text);
    case 'tool_use':
      return countTokens(JSON.stringify(block.input));
  }
}
