import type { Block, BlockOf } from '@hhopkins/agent-protocol';
import { closedToolResult, takesOrdinal } from '../content.ts';
import { SESSION_ENDED_OUTPUT } from '../interruptions.ts';
import { startsSubagent, subagentBlock } from '../subagent-calls.ts';

/** One conversation while it is read from its transcript. */
export interface BlockList {
  readonly blocks: Block[];
  /** Puts a block at the end, or in place of the one with its id. */
  put(block: Block): void;
  /** Puts a block of an assistant message behind the message's others, before what came in between. */
  putOfMessage(messageId: string, block: Block): void;
  putBehind(id: string, block: Block): void;
  nextOrdinal(messageId: string): number;
  /** Calls without a result, in the order of the calls. */
  openToolUseIds(): string[];
  /** Gives them one that says that the agent ended. */
  closeOpenTools(timestamp: string): void;
}

export function createBlockList(): BlockList {
  const blocks: Block[] = [];
  const ordinals = new Map<string, number>();
  const lastOfMessage = new Map<string, string>();
  const openTools = new Set<string>();
  const ids = new Set<string>();

  const indexOf = (id: string | undefined) => blocks.findLastIndex((block) => block.id === id);

  function note(block: Block): void {
    if (block.type === 'tool_use') openTools.add(block.toolUseId);
    if (block.type === 'tool_result') openTools.delete(block.toolUseId);
  }

  function insert(index: number, block: Block): void {
    note(block);
    if (ids.has(block.id)) blocks[indexOf(block.id)] = block;
    else blocks.splice(index, 0, block);
    ids.add(block.id);
  }

  const list: BlockList = {
    blocks,
    put: (block) => insert(blocks.length, block),
    putBehind(id, block) {
      const index = indexOf(id);
      insert(index < 0 ? blocks.length : index + 1, block);
    },
    putOfMessage(messageId, block) {
      const last = lastOfMessage.get(messageId);
      if (last === undefined) list.put(block);
      else list.putBehind(last, block);
      lastOfMessage.set(messageId, block.id);
      if (takesOrdinal(block)) ordinals.set(messageId, list.nextOrdinal(messageId) + 1);
      if (startsSubagent(block)) list.putOfMessage(messageId, subagentBlockOf(block));
    },
    nextOrdinal: (messageId) => ordinals.get(messageId) ?? 0,
    openToolUseIds: () => [...openTools],
    closeOpenTools(timestamp) {
      for (const toolUseId of list.openToolUseIds()) {
        list.put(closedToolResult({ toolUseId, output: SESSION_ENDED_OUTPUT, isError: true, timestamp }));
      }
    },
  };
  return list;
}

/** Until a transcript of the subagent is found, the call counts as one that no subagent came of. */
const subagentBlockOf = (call: BlockOf<'tool_use'>): BlockOf<'subagent'> => ({
  ...subagentBlock({ toolUseId: call.toolUseId, input: call.input, timestamp: call.timestamp }),
  status: 'error',
});
