import type {
  AgentProfile,
  AnswerPermissionRequest,
  AnswerQuestionRequest,
  Architecture,
  CreateSessionRequest,
  CreateSessionResponse,
  Durability,
  FileEntry,
  GetSessionResponse,
  InterruptRequest,
  ListSessionsQuery,
  ListSessionsResponse,
  ReadEventsQuery,
  ReadEventsResponse,
  SendMessageRequest,
  SendMessageResponse,
  Session,
  SessionEvent,
  SessionSummary,
  Snapshot,
  UpdateSessionRequest,
} from '@hhopkins/agent-protocol';
import type { EventBus } from './bus/event-bus.ts';

/** Who asks. `commandId` (the `Idempotency-Key`, or a frame's `id`) makes a command safe to send again. */
export interface Caller {
  readonly principal: string;
  readonly commandId?: string | undefined;
}

/** Where a reader stands. Without `streamId` the current stream is meant. */
export interface ReaderCursor {
  streamId?: string | undefined;
  seq: number;
}

/** What a follower of a session gets, in this order: one `subscribed`, then events; a `reset` whenever its cursor is of no use. */
export type FollowItem =
  | { type: 'subscribed'; streamId: string; seq: number; snapshot?: Snapshot | undefined }
  | { type: 'events'; events: readonly SessionEvent[] }
  | { type: 'reset'; snapshot: Snapshot };

/**
 * A pulled stream: nothing is buffered for a reader that does not ask, it re-reads by `seq` when it does.
 * Iteration ends after `close()`, when the session was purged, and when the engine stops.
 */
export interface Follow extends AsyncIterable<FollowItem> {
  close(): void;
}

/** Changes of the list of sessions. The first item has everything in pages, the last of them `complete`. */
export interface SessionListItem {
  sessions: readonly SessionSummary[];
  removed: readonly string[];
  complete: boolean;
}
export interface FollowSessions extends AsyncIterable<SessionListItem> {
  close(): void;
}

/** A file's raw content. */
export interface FileContent {
  content: Uint8Array;
  mode?: number | undefined;
  /** ISO 8601. */
  modifiedAt: string;
  /** Lower-case hexadecimal SHA-256. */
  hash: string;
}

/**
 * Everything that can be done with sessions. Inputs are parsed here, whatever the transport: malformed ones are
 * `invalid_request`. All methods reject with an `AgentServerError`.
 */
export interface Sessions {
  create(caller: Caller, request: CreateSessionRequest): Promise<CreateSessionResponse>;
  list(query?: ListSessionsQuery): Promise<ListSessionsResponse>;
  /** With `at`, as it was at that `seq`; `invalid_request` when that is beyond the head or compacted away. */
  get(sessionId: string, at?: number): Promise<GetSessionResponse>;
  update(caller: Caller, sessionId: string, request: UpdateSessionRequest): Promise<Session>;
  /** Ends agent and sandbox. The record stays readable, unless `purge`. */
  delete(caller: Caller, sessionId: string, how?: { purge?: boolean }): Promise<void>;

  sendMessage(caller: Caller, sessionId: string, request: SendMessageRequest): Promise<SendMessageResponse>;
  /** Withdraws a message that still waits in the queue. */
  cancelMessage(caller: Caller, sessionId: string, messageId: string): Promise<Session>;
  interrupt(caller: Caller, sessionId: string, request?: InterruptRequest): Promise<Session>;
  answerPermission(
    caller: Caller,
    sessionId: string,
    requestId: string,
    request: AnswerPermissionRequest,
  ): Promise<Session>;
  answerQuestion(
    caller: Caller,
    sessionId: string,
    requestId: string,
    request: AnswerQuestionRequest,
  ): Promise<Session>;
  /** Saves transcript and files now. */
  sync(caller: Caller, sessionId: string): Promise<Session>;
  /** Gets the session a sandbox now, without a message. */
  wake(caller: Caller, sessionId: string): Promise<Session>;

  readEvents(sessionId: string, query: ReadEventsQuery): Promise<ReadEventsResponse>;
  follow(sessionId: string, cursor?: ReaderCursor): Follow;
  followSessions(): FollowSessions;

  /** The agent's own transcript as last saved: main, or a subagent's. */
  transcript(sessionId: string, subagentId?: string): Promise<string>;
  files(sessionId: string): Promise<FileEntry[]>;
  readFile(sessionId: string, path: string): Promise<FileContent>;
  writeFile(caller: Caller, sessionId: string, path: string, content: Uint8Array): Promise<void>;
  deleteFile(caller: Caller, sessionId: string, path: string): Promise<void>;
  /** The workspace as a tar archive: the sandbox's when there is one, else as last saved. */
  workspaceArchive(sessionId: string): Promise<Uint8Array>;
}

/** What the engine says of itself for `/health` and the banner. */
export interface EngineStatus {
  durability: Durability;
  /** False when the store cannot be written or the engine is stopping: for `/ready`. */
  ready: boolean;
  problems: string[];
  stopping: boolean;
  sandbox: { provider: string; isolation: string };
  model: string;
  sessions: number;
  /** Counters and gauges for `/metrics`, by their full names. */
  metrics: Readonly<Record<string, number>>;
}

/** The session engine, without any transport. */
export interface SessionEngine {
  readonly sessions: Sessions;
  /** Committed events of all sessions, for code in the same process. */
  readonly events: EventBus;
  profiles(): Promise<AgentProfile[]>;
  architectures(): Promise<Architecture[]>;
  status(): EngineStatus;
  start(): Promise<void>;
  /**
   * Flushes and ends all followers. Runs go on in their sandboxes for the next server, unless `end`: then they are saved and
   * their sandboxes ended.
   */
  stop(how?: { runs?: 'leave' | 'end' }): Promise<void>;
}
