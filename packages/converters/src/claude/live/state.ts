import type { Block, Json, MessageContent, Usage } from '@hhopkins/agent-protocol';
import type { ClaudeTurnEnd } from '../events.ts';

/** All that the converter remembers; plain JSON, so that it can be kept and taken up again. */
export interface LiveState {
  turn: Turn | null;
  /** Claude's id of the session; `/clear` begins a new one. */
  sessionId: string | null;
  /** The message of the main conversation that the model is streaming. Subagents do not stream. */
  stream: Stream | null;
  /** By conversation, how many shown text and thinking blocks its latest message has had. */
  ordinals: Record<string, { messageId: string; next: number }>;
  /** Tool calls without a result, in the order of their calls. */
  openTools: OpenTool[];
  subagents: Record<string, Subagent>;
  /** Messages given to a running turn that the agent has not taken up yet. */
  steered: { messageId: string; content: MessageContent }[];
  backgroundTasks: BackgroundTask[];
  /** Whether the agent says that it works, be it for a turn or of its own accord. */
  working: boolean;
  /** Whether the running agent process has said that it works at all. */
  hasWorked: boolean;
  /** The blocks that messages of the running turn brought, by the message's uuid: Claude may retract them. */
  brought: Record<string, { conversationId: string; blockIds: string[] }>;
  /** Unknown message types that were reported already. */
  reported: string[];
}

export interface Turn {
  turnId: string;
  /** Absent when the agent began by itself. */
  messageId?: string;
  /** The agent took the message up, or refused it. */
  taken: 'no' | 'yes' | 'cancelled';
  /** What the agent's latest `result` makes of the turn. */
  result:
    | (Pick<ClaudeTurnEnd, 'outcome'> & {
        code?: 'agent_error' | 'model_error';
        message?: string;
        retryable?: boolean;
      })
    | null;
  /** How the agent classes the model's latest error. */
  modelError?: string;
  /** A background agent was stopped since that result. */
  agentStopped: boolean;
  /** Of the results so far, and of the model calls since. */
  usage: Usage;
  usageSinceResult: Usage;
  costUSD: number;
}

export interface Stream {
  messageId: string;
  model: string | undefined;
  pending: Pending | null;
  /** Results of tools that ended while their message still streamed; they follow it. */
  held: Block[];
}

export type Pending =
  | { kind: 'text' | 'thinking'; id: string; shown: boolean; content: string }
  | { kind: 'tool'; id: string; shown: true };

export interface OpenTool {
  toolUseId: string;
  conversationId: string;
  /** Of a call that starts a subagent, until the agent has named the subagent. */
  awaitsSubagent: { input: Json } | null;
}

export interface Subagent {
  toolUseId: string;
  /** The conversation that holds its block. */
  parentId: string;
  name: string;
  input: Json;
  running: boolean;
  /** Its first run is over; what a later run says changes its block no more. */
  closed: boolean;
  lastText?: string;
}

export interface BackgroundTask {
  id: string;
  type: string;
  description: string;
}

export const NO_USAGE: Usage = { inputTokens: 0, outputTokens: 0 };

export const emptyState = (): LiveState => ({
  turn: null,
  sessionId: null,
  stream: null,
  ordinals: {},
  openTools: [],
  subagents: {},
  steered: [],
  backgroundTasks: [],
  working: false,
  hasWorked: false,
  brought: {},
  reported: [],
});
