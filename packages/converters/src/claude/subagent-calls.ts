import type { Block, BlockOf, Json } from '@hhopkins/agent-protocol';
import { subagentBlockId } from './block-ids.ts';
import { isRecord, textAt } from './json.ts';

/** The tools that start a subagent; older versions of Claude Code call it `Task`. */
const SUBAGENT_TOOLS = new Set(['Agent', 'Task']);

export const startsSubagent = (block: Block): block is BlockOf<'tool_use'> =>
  block.type === 'tool_use' && SUBAGENT_TOOLS.has(block.toolName);

/**
 * The `subagent` block stands right behind its tool call, from the moment of the call, so that its place does not
 * depend on when the subagent starts. Until the agent names the subagent, the call's id stands in for its id.
 */
export function subagentBlock(call: {
  toolUseId: string;
  input: Json;
  timestamp: string;
  subagentId?: string | undefined;
  name?: string | undefined;
}): BlockOf<'subagent'> {
  const { toolUseId, input, timestamp } = call;
  const asked = isRecord(input) ? textAt(input, 'subagent_type') : undefined;
  return {
    id: subagentBlockId(toolUseId),
    type: 'subagent',
    status: 'pending',
    timestamp,
    subagentId: call.subagentId ?? toolUseId,
    toolUseId,
    name: call.name ?? asked ?? 'general-purpose',
    input,
  };
}
