import type { Block, BlockOf, BlockType, Conversation } from '@hhopkins/agent-protocol';

/** The blocks of a type, in order. */
export function ofType<Type extends BlockType>(blocks: readonly Block[], type: Type): BlockOf<Type>[] {
  return blocks.filter((block): block is BlockOf<Type> => block.type === type);
}

/** All that the agent said, joined. */
export const textOf = (blocks: readonly Block[]): string =>
  ofType(blocks, 'assistant_text')
    .map(({ content }) => content)
    .join('\n');

/**
 * What two runs of the same script have in common: kind, order, content and status of every block. Ids, times and what the
 * agent makes up anew each time are numbered by their first appearance, so that references still have to agree.
 */
export function essence(conversation: Conversation): unknown {
  const numbers = new Map<string, string>();
  const numbered = (id: string | undefined) => {
    if (id === undefined) return undefined;
    if (!numbers.has(id)) numbers.set(id, `#${numbers.size + 1}`);
    return numbers.get(id);
  };
  const bare = (block: Block) => {
    const { id, timestamp: _time, turnId, metadata: _metadata, ...rest } = block;
    return {
      ...rest,
      id: numbered(id),
      turnId: numbered(turnId),
      ...('toolUseId' in rest ? { toolUseId: numbered(rest.toolUseId) } : {}),
      ...('subagentId' in rest ? { subagentId: numbered(rest.subagentId) } : {}),
      ...('durationMs' in rest ? { durationMs: undefined } : {}),
    };
  };
  return {
    blocks: conversation.blocks.map(bare),
    subagents: conversation.subagents.map(({ id, toolUseId, name, status, blocks }) => ({
      id: numbered(id),
      toolUseId: numbered(toolUseId),
      name,
      status,
      blocks: blocks.map(bare),
    })),
  };
}

/** What a live conversation and one read from the saved transcript agree in: everything but times and the engine's own notes. */
export function agreed({ blocks, subagents }: Conversation): unknown {
  const bare = ({ timestamp: _time, turnId: _turn, metadata: _metadata, ...block }: Block) => ({
    ...block,
    ...('durationMs' in block ? { durationMs: undefined } : {}),
  });
  return {
    blocks: blocks.map(bare),
    subagents: subagents.map((each) => ({ ...each, blocks: each.blocks.map(bare) })),
  };
}
