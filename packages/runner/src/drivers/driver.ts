import type {
  Block,
  Fidelity,
  MessageContent,
  PermissionDecision,
  RunnerEvent,
  RunnerEventType,
  RunnerSetup,
  Usage,
} from '@hhopkins/agent-protocol';

/** An event as a driver says it; the supervisor adds the time and writes it to the journal. */
export type DriverEvent<Type extends RunnerEventType = RunnerEventType> = {
  [Each in Type]: Omit<RunnerEvent<Each>, 'timestamp'>;
}[Type];

/** What a driver is given. */
export interface DriverContext {
  readonly setup: RunnerSetup;
  /** Absolute paths: where the agent works, its home, and a folder of the driver's own that outlives the runner. */
  readonly folders: { readonly workspace: string; readonly home: string; readonly state: string };
  /** Loopback URL that leads to the model, when the setup names a relay socket. Without it the environment tells. */
  readonly modelUrl?: string | undefined;
  /** Appends to the journal. Order is kept; deltas of one block are joined before they are written. */
  emit(event: DriverEvent): void;
  /**
   * The agent works without having been asked, e.g. because a background task ended: until `ended` resolves, which never
   * rejects, it is a turn of its own, with the id that is returned. Undefined when another turn runs; ask again with the
   * next sign of work.
   */
  beginTurn(ended: Promise<TurnEnd>): string | undefined;
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
  /** Every process of the agent is made known, so that a later runner can end what this one leaves behind. */
  registerProcess(pid: number): void;
}

/** One message of the user. */
export interface Prompt {
  turnId: string;
  /** Also the id of the user's block, and to be found again in the agent's transcript. */
  messageId: string;
  content: MessageContent;
}

/** How a turn ended. Blocks left pending have been closed by the driver before. */
export type TurnEnd =
  | { outcome: 'completed'; usage?: Usage | undefined; costUSD?: number | undefined }
  | { outcome: 'interrupted' }
  | {
      outcome: 'failed';
      code: 'agent_lost' | 'agent_error' | 'model_error';
      message: string;
      retryable: boolean;
    };

export interface PermissionAnswer {
  decision: PermissionDecision;
  message?: string | undefined;
  updatedInput?: unknown;
}

/** The agent's own record of the conversation, as files' content. */
export interface AgentTranscript {
  agentSessionId: string;
  main: string;
  subagents: { id: string; raw: string }[];
}

/** A turn that was running when the runner died. */
export interface LostTurn {
  turnId: string;
  messageId: string;
  /** Blocks that were pending, with the content so far. */
  pending: readonly { conversationId: string; block: Block }[];
}

/**
 * Drives one agent program. The supervisor writes `turn:started`, the user's block and the turn's end event; everything in
 * between is the driver's. A driver has at most one prompt at a time.
 */
export interface AgentDriver {
  /** Writes the profile, makes ready what it can. The agent program itself may start with the first prompt. */
  start(): Promise<void>;
  /**
   * Takes up a saved transcript, before the first prompt: torn lines cut, dangling tool calls closed.
   * `native` when the agent itself will resume it.
   */
  importTranscript(saved: AgentTranscript): Promise<{ fidelity: Fidelity; reason?: string | undefined }>;
  /** The transcript as it stands on disk, or null when there is none yet. Never rejects because a line is half written. */
  exportTranscript(): Promise<AgentTranscript | null>;
  /** Resolves when the agent rests; never rejects for what the agent does. */
  prompt(prompt: Prompt): Promise<TurnEnd>;
  /** The running prompt, or turn of the agent's own, ends soon, as `interrupted`. Without one nothing happens. */
  interrupt(): Promise<void>;
  /** Another message into the running prompt; rejects when that is over. Absent when the agent cannot. */
  steer?(prompt: Prompt): Promise<void>;
  /** Answers an open ask; an unknown id is ignored. */
  answerPermission(requestId: string, answer: PermissionAnswer): Promise<void>;
  answerQuestion(requestId: string, answers: Readonly<Record<string, string>>): Promise<void>;
  /** What runs on while the agent rests, e.g. a server it started, a count. Absent when there is no such thing. */
  backgroundTasks?(): number;
  /** Whether the agent's transcript shows the message: it was taken in, whatever came of it. */
  knowsMessage(messageId: string): Promise<boolean>;
  /**
   * What the transcript shows of a turn whose runner died: blocks whole, as they stand there, in the transcript's order.
   * Pending blocks that it does not mention are closed as errors by the supervisor. Absent when the agent's transcript
   * tells nothing.
   */
  reconcile?(transcript: AgentTranscript, lost: LostTurn): DriverEvent[];
  /** Ends the agent program. */
  stop(): Promise<void>;
}

/** What every driver's folder exports. */
export interface DriverFactory {
  readonly architecture: string;
  create(context: DriverContext): AgentDriver;
}
