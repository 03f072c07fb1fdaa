import type { Block, FileEntry, RunnerEvent, RunnerEventType } from '@hhopkins/agent-protocol';
import type { JournalEvent } from './line.ts';

export interface OpenBlock {
  conversationId: string;
  block: Block;
}

export interface OpenSubagent {
  conversationId: string;
  subagentId: string;
}

export type KnownFile = Omit<FileEntry, 'modifiedAt'>;

/** What the events of the journal left open, and the files they told of: all that a new runner must know to go on. */
export interface OpenState {
  turn: { turnId: string; messageId: string } | null;
  /** The last turns that ended, newest last. */
  endedTurns: string[];
  /** Blocks that are pending, with the content so far, by conversation and id. */
  blocks: Map<string, OpenBlock>;
  subagents: Map<string, OpenSubagent>;
  files: Map<string, KnownFile>;
}

const REMEMBERED_TURNS = 16;
/** Of a pending block no more is kept than an event can carry. */
const KEPT_CHARACTERS = 256 * 1024;

export const emptyState = (): OpenState => ({
  turn: null,
  endedTurns: [],
  blocks: new Map(),
  subagents: new Map(),
  files: new Map(),
});

const keyOf = (conversationId: string, blockId: string) => `${conversationId}\n${blockId}`;

/** Takes an event into the state. */
export function applyEvent(state: OpenState, recorded: JournalEvent): void {
  const event = recorded as RunnerEvent<RunnerEventType>;
  const { conversationId } = event;
  switch (event.type) {
    case 'block:upsert': {
      const { block } = event.payload;
      const key = keyOf(conversationId, block.id);
      if (block.status === 'pending') state.blocks.set(key, { conversationId, block });
      else state.blocks.delete(key);
      return;
    }
    case 'block:delta':
      extend(state.blocks.get(keyOf(conversationId, event.payload.blockId)), event.payload.delta);
      return;
    case 'block:discarded':
      state.blocks.delete(keyOf(conversationId, event.payload.blockId));
      return;
    case 'subagent:spawned':
      state.subagents.set(event.payload.subagentId, {
        conversationId,
        subagentId: event.payload.subagentId,
      });
      return;
    case 'subagent:completed':
      state.subagents.delete(event.payload.subagentId);
      return;
    case 'turn:started':
      state.turn = { turnId: event.payload.turnId, messageId: event.payload.messageId };
      return;
    case 'turn:completed':
    case 'turn:failed':
    case 'turn:interrupted':
      if (state.turn?.turnId === event.payload.turnId) state.turn = null;
      state.endedTurns = [...state.endedTurns, event.payload.turnId].slice(-REMEMBERED_TURNS);
      return;
    case 'file:created':
    case 'file:modified':
      state.files.set(event.payload.path, event.payload);
      return;
    case 'file:deleted':
      state.files.delete(event.payload.path);
      return;
    default:
  }
}

function extend(open: OpenBlock | undefined, delta: string): void {
  if (!open) return;
  const { block } = open;
  if (block.type === 'assistant_text' || block.type === 'thinking') {
    if (block.content.length < KEPT_CHARACTERS) open.block = { ...block, content: block.content + delta };
  } else if (block.type === 'tool_result' && typeof block.output === 'string') {
    if (block.output.length < KEPT_CHARACTERS) open.block = { ...block, output: block.output + delta };
  }
}

/** The state as JSON. */
export const encodeState = (state: OpenState) => ({
  turn: state.turn,
  endedTurns: state.endedTurns,
  blocks: [...state.blocks],
  subagents: [...state.subagents],
  files: [...state.files.values()],
});

/** The state of what `encodeState` gave. */
export function decodeState(encoded: ReturnType<typeof encodeState>): OpenState {
  return {
    turn: encoded.turn,
    endedTurns: encoded.endedTurns,
    blocks: new Map(encoded.blocks),
    subagents: new Map(encoded.subagents),
    files: new Map(encoded.files.map((file) => [file.path, file])),
  };
}
