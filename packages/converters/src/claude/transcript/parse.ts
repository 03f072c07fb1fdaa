import type { Block, Conversation, SubagentConversation } from '@hhopkins/agent-protocol';
import { subagentBlockId, toolResultBlockId } from '../block-ids.ts';
import { isRecord, type JsonRecord, recordAt, recordsAt, textAt } from '../json.ts';
import { subagentBlock } from '../subagent-calls.ts';
import { type BlockList, createBlockList } from './block-list.ts';
import { readLines } from './lines.ts';
import { createMainReader } from './read-main.ts';
import { type ClaudeSubagentTranscript, type ReadSubagent, readSubagent } from './read-subagent.ts';

/** What Claude saved of a session: `<sessionId>.jsonl`, and the files in `<sessionId>/subagents`. */
export interface ClaudeTranscript {
  main: string;
  subagents: ClaudeSubagentTranscript[];
}

export interface ParsedClaudeTranscript {
  /** As of a session at rest: what was not finished counts as ended. */
  conversation: Conversation;
  /** Some line was half written. */
  torn: boolean;
  /** Calls of the main conversation that have no result in the transcript. */
  danglingToolUseIds: string[];
}

/**
 * Reads a saved transcript. Never throws: torn lines, unknown lines and unknown content are left out.
 *
 * @example
 * const { conversation } = parseClaudeTranscript({ main, subagents: [{ id, raw, meta }] });
 */
export function parseClaudeTranscript(transcript: ClaudeTranscript): ParsedClaudeTranscript {
  const { lines, torn } = readLines(transcript.main);
  const main = createBlockList();
  const read = createMainReader(main);
  for (const line of lines) read(line);
  const danglingToolUseIds = main.openToolUseIds();
  main.closeOpenTools(lastTimestamp(lines));

  const subagents = transcript.subagents.map(readSubagent).sort((a, b) => compare(a.startedAt, b.startedAt));
  const lists = [main, ...subagents.map(({ list }) => list)];
  const launches = new Map(
    [lines, ...subagents.map((each) => each.lines)].flatMap((each) => each.flatMap(launchOf)),
  );
  return {
    conversation: {
      subagents: subagents.map((subagent) => placeSubagent(subagent, lists, launches)),
      blocks: main.blocks,
    },
    torn: torn || subagents.some((each) => each.torn),
    danglingToolUseIds,
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function lastTimestamp(lines: JsonRecord[]): string {
  const line = lines.findLast((each) => textAt(each, 'timestamp') !== undefined);
  return textAt(line ?? {}, 'timestamp') ?? new Date(0).toISOString();
}

/** Which subagent a call started, as the structured result of the call tells. */
function launchOf(line: JsonRecord): [subagentId: string, toolUseId: string][] {
  const subagentId = textAt(recordAt(line, 'toolUseResult'), 'agentId');
  const item = recordsAt(recordAt(line, 'message'), 'content').find((each) => each.type === 'tool_result');
  const toolUseId = item && textAt(item, 'tool_use_id');
  return subagentId && toolUseId ? [[subagentId, toolUseId]] : [];
}

/** Finds the call that started the subagent, and completes the block behind it. */
function placeSubagent(
  subagent: ReadSubagent,
  lists: BlockList[],
  launches: ReadonlyMap<string, string>,
): SubagentConversation {
  const { id } = subagent;
  const toolUseId = subagent.toolUseId ?? launches.get(id) ?? callByPrompt(subagent, lists) ?? id;
  const home = lists.find(({ blocks }) => blocks.some((block) => block.id === toolUseId)) ?? lists[0];
  const call = home?.blocks.find((block) => block.id === toolUseId);
  const input = call?.type === 'tool_use' ? call.input : { prompt: subagent.prompt ?? '' };
  const timestamp = call?.timestamp ?? subagent.startedAt;
  const { name } = subagent;
  const block = subagentBlock({ toolUseId, input, timestamp, subagentId: id, name });
  const answered = home?.blocks.some(
    (each) => each.id === toolResultBlockId(toolUseId) && each.status === 'complete',
  );
  const status = !subagent.failed && (subagent.finished ?? answered) ? 'complete' : 'error';
  const output = status === 'complete' && subagent.output !== undefined ? { output: subagent.output } : {};
  home?.putBehind(toolUseId, { ...block, status, ...output });
  return { id, toolUseId, name: block.name, status, blocks: subagent.list.blocks };
}

/** Without better knowledge, the first call with the subagent's prompt that no subagent claims yet. */
function callByPrompt({ prompt }: ReadSubagent, lists: BlockList[]): string | undefined {
  const unclaimed = (toolUseId: string, blocks: Block[]) =>
    blocks.some(
      (block) =>
        block.id === subagentBlockId(toolUseId) &&
        block.type === 'subagent' &&
        block.subagentId === toolUseId,
    );
  for (const { blocks } of lists) {
    for (const block of blocks) {
      if (block.type !== 'tool_use' || !isRecord(block.input) || block.input.prompt !== prompt) continue;
      if (unclaimed(block.toolUseId, blocks)) return block.toolUseId;
    }
  }
  return undefined;
}
