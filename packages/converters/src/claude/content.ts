import type { Block, BlockOf, Json } from '@hhopkins/agent-protocol';
import { contentBlockId, toolResultBlockId } from './block-ids.ts';
import { uniformOutput } from './interruptions.ts';
import { isRecord, type JsonRecord, recordsAt, textAt } from './json.ts';

/** Where a content item of an assistant message stands. */
export interface ContentPlace {
  messageId: string;
  model: string | undefined;
  timestamp: string;
  /** The next ordinal of a shown text or thinking block of this message. */
  ordinal: number;
}

/**
 * The block of one content item of an assistant message. Undefined for what is not shown: blank text (the live stream
 * and the transcript do not agree on it), encrypted thinking, and items of unknown types.
 */
export function assistantBlock(item: JsonRecord, place: ContentPlace): Block | undefined {
  const { timestamp } = place;
  switch (item.type) {
    case 'text': {
      const content = textAt(item, 'text') ?? '';
      if (content.trim() === '') return undefined;
      const id = contentBlockId(place.messageId, place.ordinal);
      const model = place.model === undefined ? {} : { model: place.model };
      return { id, type: 'assistant_text', status: 'complete', timestamp, content, ...model };
    }
    case 'thinking': {
      const content = textAt(item, 'thinking') ?? '';
      if (content.trim() === '') return undefined;
      const id = contentBlockId(place.messageId, place.ordinal);
      return { id, type: 'thinking', status: 'complete', timestamp, content };
    }
    default:
      return toolUseBlock(item, timestamp) ?? toolResultBlock(item, timestamp);
  }
}

/** Blocks with an ordinal in their id; tool calls have ids of their own. */
export const takesOrdinal = (block: Block): boolean =>
  block.type === 'assistant_text' || block.type === 'thinking';

const TOOL_USE_TYPES = new Set(['tool_use', 'server_tool_use', 'mcp_tool_use']);

function toolUseBlock(item: JsonRecord, timestamp: string): BlockOf<'tool_use'> | undefined {
  const toolUseId = textAt(item, 'id');
  if (!TOOL_USE_TYPES.has(String(item.type)) || toolUseId === undefined) return undefined;
  return {
    id: toolUseId,
    type: 'tool_use',
    status: 'complete',
    timestamp,
    toolUseId,
    toolName: textAt(item, 'name') ?? 'unknown',
    input: (item.input ?? {}) as Json,
  };
}

/** The block of a tool's result, of the user's side or, for tools that the model's provider runs, the assistant's. */
export function toolResultBlock(item: JsonRecord, timestamp: string): BlockOf<'tool_result'> | undefined {
  const toolUseId = textAt(item, 'tool_use_id');
  if (!String(item.type).endsWith('tool_result') || toolUseId === undefined) return undefined;
  return closedToolResult({
    toolUseId,
    output: toolOutput(item),
    isError: item.is_error === true,
    timestamp,
  });
}

export function closedToolResult(result: {
  toolUseId: string;
  output: Json;
  isError: boolean;
  timestamp: string;
}): BlockOf<'tool_result'> {
  const status = result.isError ? 'error' : 'complete';
  return { id: toolResultBlockId(result.toolUseId), type: 'tool_result', status, ...result };
}

/** Text alone becomes one string; anything else, such as an image, stays as it is. */
function toolOutput(item: JsonRecord): Json {
  const { content } = item;
  if (typeof content === 'string') return uniformOutput(content);
  if (!Array.isArray(content)) return (content ?? '') as Json;
  const texts = content.map((part) =>
    isRecord(part) && part.type === 'text' ? textAt(part, 'text') : undefined,
  );
  return texts.every((text) => text !== undefined) ? uniformOutput(texts.join('\n')) : (content as Json);
}

/** The content items of a message; a bare string counts as one text. */
export function contentItems(message: JsonRecord): JsonRecord[] {
  return typeof message.content === 'string'
    ? [{ type: 'text', text: message.content }]
    : recordsAt(message, 'content');
}
