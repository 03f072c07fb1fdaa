import { claude } from '@hhopkins/agent-converters';
import { type Block, MAIN_CONVERSATION, type SubagentConversation } from '@hhopkins/agent-protocol';
import type { AgentTranscript, DriverEvent, LostTurn } from '../driver.ts';
import { messageUuid } from './user-message.ts';

/** The blocks of a turn whose runner died, as Claude's transcript shows them: those after its message, with its subagents. */
export function reconcileTurn(transcript: AgentTranscript, { turnId, messageId }: LostTurn): DriverEvent[] {
  const { conversation } = claude.parseClaudeTranscript(transcript);
  const start = conversation.blocks.findIndex((block) => block.id === messageUuid(messageId));
  if (start < 0) return [];
  const blocks = conversation.blocks.slice(start + 1);
  return [
    ...blocks.map((block) => upsert(MAIN_CONVERSATION, block, turnId)),
    ...subagentsOf(blocks, conversation.subagents).flatMap((subagent) => retell(subagent, turnId)),
  ];
}

/** Those that the blocks tell of, and those that these started in turn. */
function subagentsOf(blocks: readonly Block[], all: readonly SubagentConversation[]): SubagentConversation[] {
  const named = new Set(blocks.flatMap((block) => (block.type === 'subagent' ? [block.subagentId] : [])));
  const own = all.filter(({ id }) => named.has(id));
  if (own.length === 0) return [];
  const others = all.filter(({ id }) => !named.has(id));
  const theirs = own.flatMap((subagent) => subagent.blocks);
  return [...own, ...subagentsOf(theirs, others)];
}

function retell(
  { id, toolUseId, name, status, blocks }: SubagentConversation,
  turnId: string,
): DriverEvent[] {
  const spawned = { subagentId: id, name, ...(toolUseId === undefined ? {} : { toolUseId }) };
  return [
    { type: 'subagent:spawned', conversationId: MAIN_CONVERSATION, turnId, payload: spawned },
    ...blocks.map((block) => upsert(id, block, turnId)),
    {
      type: 'subagent:completed',
      conversationId: MAIN_CONVERSATION,
      turnId,
      payload: { subagentId: id, status: status === 'complete' ? 'complete' : 'error' },
    },
  ];
}

const upsert = (conversationId: string, block: Block, turnId: string): DriverEvent<'block:upsert'> => ({
  type: 'block:upsert',
  conversationId,
  turnId,
  payload: { block: { ...block, turnId } },
});
