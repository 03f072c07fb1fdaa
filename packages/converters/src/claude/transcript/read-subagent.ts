import type { Block, Json } from '@hhopkins/agent-protocol';
import { subagentPromptBlockId } from '../block-ids.ts';
import { isRecord, type JsonRecord, recordAt, textAt } from '../json.ts';
import { fromClaudeContent } from '../user-content.ts';
import { type BlockList, createBlockList } from './block-list.ts';
import { parseLine, readLines } from './lines.ts';
import { readAssistant, readToolResults } from './read-main.ts';

/** A subagent's transcript: the content of `agent-<id>.jsonl`, and that of its `.meta.json`. */
export interface ClaudeSubagentTranscript {
  id: string;
  raw: string;
  meta?: string | undefined;
}

export interface ReadSubagent {
  id: string;
  toolUseId: string | undefined;
  name: string | undefined;
  prompt: string | undefined;
  /** Undefined without a `.meta.json`. */
  finished: boolean | undefined;
  /** The model failed it for good; Claude calls that finished, too. */
  failed: boolean;
  startedAt: string;
  /** The last it said in its first run. */
  output: Json | undefined;
  list: BlockList;
  lines: JsonRecord[];
  torn: boolean;
}

export function readSubagent(transcript: ClaudeSubagentTranscript): ReadSubagent {
  const { raw, meta } = unpackSubagent(transcript);
  const { lines, torn } = readLines(raw);
  const list = createBlockList();
  let prompt: string | undefined;
  let output: string | undefined;
  for (const line of lines) {
    const message = recordAt(line, 'message');
    const timestamp = textAt(line, 'timestamp') ?? '';
    if (line.type === 'assistant') readAssistant(list, line);
    if (line.type !== 'user') continue;
    // Whoever takes a finished subagent up again speaks as the coordinator.
    if (recordAt(line, 'origin').kind === 'coordinator') output ??= lastText(list.blocks);
    if (line.isMeta === true || readToolResults(list, message, timestamp) || prompt !== undefined) continue;
    const content = fromClaudeContent(message.content);
    if (!content) continue;
    prompt =
      typeof content === 'string'
        ? content
        : content.map((part) => ('text' in part ? part.text : '')).join('\n');
    const id = subagentPromptBlockId(transcript.id);
    list.put({ id, type: 'user_message', status: 'complete', timestamp, content: prompt });
  }
  const startedAt = lines[0] ? (textAt(lines[0], 'timestamp') ?? '') : '';
  list.closeOpenTools(textAt(lines.at(-1) ?? {}, 'timestamp') ?? startedAt);
  return {
    id: transcript.id,
    toolUseId: textAt(meta, 'toolUseId'),
    name: textAt(meta, 'agentType'),
    prompt,
    finished: Object.keys(meta).length === 0 ? undefined : meta.finished === true,
    failed: list.blocks.at(-1)?.type === 'system',
    startedAt,
    output: output ?? lastText(list.blocks),
    list,
    lines,
    torn,
  };
}

function lastText(blocks: Block[]): string | undefined {
  const block = blocks.findLast((each) => each.type === 'assistant_text');
  return block?.type === 'assistant_text' ? block.content : undefined;
}

const META_TYPE = 'agent-meta';

/**
 * Both files of a subagent as one text, for stores that keep one transcript a subagent.
 * `parseClaudeTranscript` reads it as `raw`; `unpackClaudeSubagent` gives the files back.
 */
export function packClaudeSubagent({ raw, meta }: { raw: string; meta?: string | undefined }): string {
  const parsed = meta === undefined ? undefined : parseLine(meta);
  return parsed ? `${JSON.stringify({ type: META_TYPE, meta: parsed })}\n${raw}` : raw;
}

export function unpackClaudeSubagent(packed: string): { raw: string; meta?: string } {
  const end = packed.indexOf('\n');
  const first = end < 0 ? undefined : parseLine(packed.slice(0, end));
  if (first?.type !== META_TYPE || !isRecord(first.meta)) return { raw: packed };
  return { raw: packed.slice(end + 1), meta: JSON.stringify(first.meta) };
}

function unpackSubagent(transcript: ClaudeSubagentTranscript): { raw: string; meta: JsonRecord } {
  const { raw, meta } = unpackClaudeSubagent(transcript.raw);
  return { raw, meta: parseLine(transcript.meta ?? meta ?? '') ?? {} };
}
