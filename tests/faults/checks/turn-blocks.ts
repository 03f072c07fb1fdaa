import type { Block, Conversation, SessionEvent } from '@hhopkins/agent-protocol';
import { essence } from '../../src/harness/blocks.ts';
import type { Witness } from '../../src/harness/witness.ts';

/** A block without what differs from run to run. */
export type BareBlock = Readonly<Record<string, unknown>>;

/** What one turn added: to the main conversation first, then to each of the subagents'. */
export type TurnBlocks = readonly (readonly BareBlock[])[];

/** A line that Claude puts before the report of the same subagent in some runs and in others not. In JSON, newlines escaped. */
const SOMETIMES = / *<tools-used-before-summary>[^<]*<\/tools-used-before-summary>\\n *\\n/g;
/** What Claude tells the model about a subagent that ended: its id, and figures that no two runs share. */
const MADE_UP = /\ba[0-9a-f]{16}\b|(subagent_tokens|duration_ms): \d+/g;

/** The blocks of a turn as its session's stream tells them, subagents' included, in order. */
export function blocksOfTurn(seen: Witness, turnId: string, mark: string): TurnBlocks {
  const { conversation } = seen.state();
  const own = idsOf(seen.events, turnId);
  const subagents = conversation.subagents.flatMap((subagent) => {
    const blocks = subagent.blocks.filter(({ id }) => own.has(id));
    return blocks.length > 0 ? [{ ...subagent, blocks }] : [];
  });
  const turn: Conversation = { blocks: conversation.blocks.filter(({ id }) => own.has(id)), subagents };
  const bare = essence(turn) as { blocks: Record<string, unknown>[]; subagents: { blocks: Block[] }[] };
  const text = JSON.stringify([bare.blocks, ...bare.subagents.map(({ blocks }) => blocks)])
    .replaceAll(mark, 'MARK')
    .replaceAll(/[^"\s\\]*\/workspace\b/g, 'WORKSPACE')
    .replaceAll(SOMETIMES, '')
    .replaceAll(MADE_UP, (_, name: string | undefined) => `${name ?? 'AGENT'}`);
  return JSON.parse(text) as TurnBlocks;
}

function idsOf(events: readonly SessionEvent[], turnId: string): Set<string> {
  const ids = new Set<string>();
  for (const event of events) {
    if (event.type === 'block:upsert' && event.context.turnId === turnId) ids.add(event.payload.block.id);
  }
  return ids;
}
