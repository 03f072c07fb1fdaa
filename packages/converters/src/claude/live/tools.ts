import { type BlockOf, MAIN_CONVERSATION } from '@hhopkins/agent-protocol';
import { closedToolResult } from '../content.ts';
import { subagentBlock } from '../subagent-calls.ts';
import { type Scope, sayBlock } from './scope.ts';
import type { OpenTool } from './state.ts';

/**
 * Tools start while their message still streams. Their results then wait for the end of the message, since a block,
 * once begun, keeps its place, and the transcript knows no such mixture.
 */
export function sayToolResult(scope: Scope, block: BlockOf<'tool_result'>, conversationId: string): void {
  const { state } = scope;
  const open = state.openTools.find((each) => each.toolUseId === block.toolUseId);
  // A stopped subagent may report results after it was closed.
  if (!open && state.subagents[conversationId]?.running === false) return;
  state.openTools = state.openTools.filter((each) => each !== open);
  if (state.stream && conversationId === MAIN_CONVERSATION) state.stream.held.push(block);
  else sayBlock(scope, block, conversationId);
  if (open) refuseSubagent(scope, open);
}

/** The call ended, and no subagent had come of it. */
function refuseSubagent(scope: Scope, { toolUseId, conversationId, awaitsSubagent }: OpenTool): void {
  if (!awaitsSubagent) return;
  const { timestamp } = scope;
  const block = subagentBlock({ toolUseId, input: awaitsSubagent.input, timestamp });
  sayBlock(scope, { ...block, status: 'error' }, conversationId);
}

/** Gives every open call of the conversation, or of all, a result that says why it has none. */
export function closeOpenTools(scope: Scope, output: string, conversationId?: string): void {
  const { timestamp, state } = scope;
  for (const open of state.openTools) {
    if (conversationId !== undefined && open.conversationId !== conversationId) continue;
    const block = closedToolResult({ toolUseId: open.toolUseId, output, isError: true, timestamp });
    sayToolResult(scope, block, open.conversationId);
  }
}
