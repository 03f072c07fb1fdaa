import type { Block, Conversation } from './blocks.ts';
import type { SessionEvent } from './events.ts';
import { MAIN_CONVERSATION } from './main-conversation.ts';

/** The part of the reduction that concerns blocks alone; converters use it to compare live and reloaded. */
export function reduceConversation(
  conversation: Conversation,
  event: Pick<SessionEvent, 'type' | 'payload' | 'context'>,
): Conversation {
  const { conversationId } = event.context;
  const { type, payload } = event as SessionEvent;
  switch (type) {
    case 'block:upsert':
      return editBlocks(conversation, conversationId, (blocks) => putBlock(blocks, payload.block));
    case 'block:delta':
      if (!isKnown(conversation, conversationId)) return conversation;
      return editBlocks(conversation, conversationId, (blocks) => {
        const index = blocks.findLastIndex((block) => block.id === payload.blockId);
        const block = blocks[index];
        return block ? blocks.with(index, extend(block, payload.delta)) : blocks;
      });
    case 'block:discarded':
      if (!isKnown(conversation, conversationId)) return conversation;
      return editBlocks(conversation, conversationId, (blocks) =>
        blocks.filter((block) => block.id !== payload.blockId),
      );
    case 'subagent:spawned':
      return editSubagent(conversation, payload.subagentId, (subagent) => ({
        ...subagent,
        name: payload.name,
        ...(payload.toolUseId === undefined ? {} : { toolUseId: payload.toolUseId }),
      }));
    case 'subagent:completed':
      return editSubagent(conversation, payload.subagentId, (subagent) => ({
        ...subagent,
        status: payload.status,
      }));
    default:
      return conversation;
  }
}

/** A conversation begins with its first block, or with its subagent, not with what is about blocks that nobody has. */
const isKnown = ({ subagents }: Conversation, id: string): boolean =>
  id === MAIN_CONVERSATION || subagents.some((subagent) => subagent.id === id);

function putBlock(blocks: Block[], block: Block): Block[] {
  const index = blocks.findLastIndex((each) => each.id === block.id);
  return index < 0 ? [...blocks, block] : blocks.with(index, block);
}

function extend(block: Block, delta: string): Block {
  if (block.type === 'assistant_text' || block.type === 'thinking') {
    return { ...block, content: block.content + delta };
  }
  if (block.type === 'tool_result' && typeof block.output === 'string') {
    return { ...block, output: block.output + delta };
  }
  return block;
}

function editBlocks(
  conversation: Conversation,
  id: string,
  edit: (blocks: Block[]) => Block[],
): Conversation {
  if (id === MAIN_CONVERSATION) return { ...conversation, blocks: edit(conversation.blocks) };
  return editSubagent(conversation, id, (subagent) => ({ ...subagent, blocks: edit(subagent.blocks) }));
}

type Subagent = Conversation['subagents'][number];

function editSubagent(
  conversation: Conversation,
  id: string,
  edit: (subagent: Subagent) => Subagent,
): Conversation {
  const { subagents } = conversation;
  const index = subagents.findIndex((each) => each.id === id);
  const existing = subagents[index];
  if (existing) return { ...conversation, subagents: subagents.with(index, edit(existing)) };
  const added = edit({ id, name: id, status: 'pending', blocks: [] });
  return { ...conversation, subagents: [...subagents, added] };
}
