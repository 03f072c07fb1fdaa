import type { Block, Conversation } from '@hhopkins/agent-protocol';

/** What is retold of one tool's input or output, and of everything, in characters. */
const TOOL_TEXT = 2_000;
const ALL_TEXT = 100_000;

/** A conversation retold as text, its end when it is long. Empty when there is nothing to tell. */
export function renderReplay(conversation: Conversation): string {
  const told = conversation.blocks.flatMap(renderBlock).join('\n\n');
  if (told === '') return '';
  const kept = told.length > ALL_TEXT ? `[…]\n${told.slice(-ALL_TEXT)}` : told;
  return [
    'This conversation began in an earlier session that cannot be resumed. This is what was said and done:',
    `<earlier-conversation>\n${kept}\n</earlier-conversation>`,
    'Go on from there with the next message of the user.',
  ].join('\n\n');
}

function renderBlock(block: Block): string[] {
  switch (block.type) {
    case 'user_message':
      return [`User: ${textOf(block.content)}`];
    case 'assistant_text':
      return block.content === '' ? [] : [`Assistant: ${block.content}`];
    case 'tool_use':
      return [`Assistant used ${block.toolName}: ${shorten(block.input)}`];
    case 'tool_result':
      return [`${block.isError ? 'It failed' : 'It returned'}: ${shorten(block.output)}`];
    default:
      return [];
  }
}

const textOf = (content: Extract<Block, { type: 'user_message' }>['content']): string =>
  typeof content === 'string'
    ? content
    : content.map((part) => (part.type === 'text' ? part.text : '[image]')).join('\n');

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > TOOL_TEXT ? `${text.slice(0, TOOL_TEXT)} […]` : text;
}
