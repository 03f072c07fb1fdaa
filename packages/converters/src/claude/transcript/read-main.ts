import type { MessageContent } from '@hhopkins/agent-protocol';
import { clearedBlockId } from '../block-ids.ts';
import { assistantBlock, contentItems, toolResultBlock } from '../content.ts';
import { isInterruptionMarker } from '../interruptions.ts';
import { isRecord, type JsonRecord, recordAt, recordsAt, textAt } from '../json.ts';
import {
  clearedBlock,
  commandOutputBlock,
  compactionBlock,
  interruptedBlock,
  modelErrorBlock,
  NO_RESPONSE,
  SYNTHETIC_MODEL,
} from '../system-blocks.ts';
import { fromClaudeContent, localCommandOutput } from '../user-content.ts';
import type { BlockList } from './block-list.ts';
import { createMergedMessages, type SavedMessage } from './merged-messages.ts';

/** Whose messages in the user's name are the user's; the others are the agent talking to itself. */
const OF_THE_USER = new Set<unknown>([undefined, 'human', 'channel', 'peer']);

const EPOCH = new Date(0).toISOString();
const timestampOf = (line: JsonRecord): string => textAt(line, 'timestamp') ?? EPOCH;
const placeOf = (line: JsonRecord) => ({ id: textAt(line, 'uuid') ?? '', timestamp: timestampOf(line) });

/** Reads one line of the main conversation. */
export function createMainReader(list: BlockList): (line: JsonRecord) => void {
  /** `/compact` is written after the compaction that it asked for. */
  let heldCompaction: (() => void) | undefined;
  const merged = createMergedMessages();

  function releaseCompaction(): void {
    heldCompaction?.();
    heldCompaction = undefined;
  }

  return (line) => {
    if (line.isSidechain === true) return;
    if (line.type === 'user') {
      readUser(list, line, merged.split(line));
      if (line.isMeta !== true && line.isCompactSummary !== true) releaseCompaction();
    } else if (line.type === 'assistant') {
      releaseCompaction();
      readAssistant(list, line);
    } else if (line.type === 'queue-operation') {
      merged.noteQueue(line);
    } else if (line.type === 'attachment') {
      readSteered(list, line);
    } else if (line.subtype === 'compact_boundary') {
      const put = () => list.put(compactionBlock(placeOf(line)));
      if (recordAt(line, 'compactMetadata').trigger === 'manual') heldCompaction = put;
      else put();
    } else if (line.subtype === 'local_command') {
      const output = localCommandOutput(line.content);
      if (output) list.put(commandOutputBlock(placeOf(line), output));
    }
  };
}

function readUser(list: BlockList, line: JsonRecord, messages: readonly SavedMessage[]): void {
  if (line.isMeta === true || line.isCompactSummary === true || line.isVisibleInTranscriptOnly === true)
    return;
  const message = recordAt(line, 'message');
  const place = placeOf(line);
  const output = localCommandOutput(message.content);
  if (output !== undefined) {
    if (output) list.put(commandOutputBlock(place, output));
    return;
  }
  if (isInterruptionMarker(message)) {
    list.put(interruptedBlock(place));
    return;
  }
  if (readToolResults(list, message, place.timestamp)) return;
  if (!OF_THE_USER.has(recordAt(line, 'origin').kind)) return;
  for (const { id, content: saved } of messages) {
    const content = fromClaudeContent(saved);
    if (!content) continue;
    list.put({ ...place, id, type: 'user_message', status: 'complete', content });
    if (isClearCommand(content)) list.put(clearedBlock({ ...place, id: clearedBlockId(id) }));
  }
}

/** By any of its names. */
const isClearCommand = (content: MessageContent): boolean =>
  typeof content === 'string' && /^\/(clear|reset|new)$/.test(content);

/** Whether there was any. */
export function readToolResults(list: BlockList, message: JsonRecord, timestamp: string): boolean {
  const results = recordsAt(message, 'content').flatMap((item) => toolResultBlock(item, timestamp) ?? []);
  for (const block of results) list.put(block);
  return results.length > 0;
}

export function readAssistant(list: BlockList, line: JsonRecord): void {
  const message = recordAt(line, 'message');
  if (message.model === SYNTHETIC_MODEL) {
    readSynthetic(list, line, message);
    return;
  }
  const messageId = textAt(message, 'id') ?? '';
  for (const item of contentItems(message)) {
    const ordinal = list.nextOrdinal(messageId);
    const model = textAt(message, 'model');
    const block = assistantBlock(item, { messageId, model, timestamp: timestampOf(line), ordinal });
    if (block?.type === 'tool_result') list.put(block);
    else if (block) list.putOfMessage(messageId, block);
  }
}

function readSynthetic(list: BlockList, line: JsonRecord, message: JsonRecord): void {
  const text = contentItems(message)
    .map((item) => textAt(item, 'text') ?? '')
    .join('\n')
    .trim();
  if (text === '' || text === NO_RESPONSE) return;
  const isError = line.isApiErrorMessage === true || textAt(line, 'error') !== undefined;
  list.put(isError ? modelErrorBlock(placeOf(line), text) : commandOutputBlock(placeOf(line), text));
}

/** A message that the user sent into a running turn. */
function readSteered(list: BlockList, line: JsonRecord): void {
  const attachment = recordAt(line, 'attachment');
  const id = steeredMessageId(line);
  const content = fromClaudeContent(attachment.prompt);
  if (!id || !content || attachment.commandMode !== 'prompt') return;
  list.put({ id, type: 'user_message', status: 'complete', timestamp: timestampOf(line), content });
}

export function steeredMessageId(line: JsonRecord): string | undefined {
  const { attachment } = line;
  return isRecord(attachment) && attachment.type === 'queued_command'
    ? textAt(attachment, 'source_uuid')
    : undefined;
}
