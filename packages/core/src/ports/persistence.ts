import type {
  AgentProfile,
  AgentProfileInput,
  ListSessionsQuery,
  Metadata,
  SessionStatus,
  WorkspaceFile,
} from '@hhopkins/agent-protocol';
import type { EventLog } from './event-log.ts';
import type { Leases } from './leases.ts';

/** Goes with every write of the engine. A store that has leases refuses an epoch older than the session's (`stale_epoch`). */
export interface WriteContext {
  readonly epoch: number;
}

/** What the engine keeps of a session beside its events: a projection as of `asOfSeq`, and what only the engine needs. */
export interface SessionRecord {
  sessionId: string;
  architecture: string;
  agentProfileRef?: string | undefined;
  name?: string | undefined;
  principal: string;
  status: SessionStatus;
  sessionOptions: Metadata;
  metadata: Metadata;
  /** The agent's own id of the conversation, once it has one. */
  agentSessionId?: string | undefined;
  /**
   * The sandbox that the session has or is about to have. The nonce is stored before the sandbox is created and is one of
   * its labels, so that a sandbox without a record is known to be an orphan. `null` means none.
   */
  sandbox?: SandboxClaim | null | undefined;
  /** ISO 8601. */
  createdAt: string;
  updatedAt: string;
  /** The `seq` that this record shows the state at. */
  asOfSeq: number;
}

export interface SandboxClaim {
  provider: string;
  nonce: string;
  /** Absent while it is only an intent. */
  sandboxId?: string | undefined;
}

/** The part of a record that may change. */
export type SessionRecordPatch = Partial<Omit<SessionRecord, 'sessionId' | 'createdAt'>>;

/**
 * A session as an adapter gives it back: a row of the user's own table. Only `sessionId` must be there; the engine takes
 * dates as `Date`, number or string, JSON columns as values or as text, and treats what is absent as unknown.
 */
export interface SessionRow {
  sessionId: string;
  architecture?: string | null | undefined;
  agentProfileRef?: string | null | undefined;
  name?: string | null | undefined;
  principal?: string | null | undefined;
  status?: string | null | undefined;
  sessionOptions?: unknown;
  metadata?: unknown;
  agentSessionId?: string | null | undefined;
  sandbox?: unknown;
  createdAt?: unknown;
  updatedAt?: unknown;
  asOfSeq?: unknown;
}

/** A row with what was saved beside it. Absent or null means unknown, not empty. */
export interface LoadedSession extends SessionRow {
  rawTranscript?: string | null | undefined;
  subagentTranscripts?: readonly { id: string; transcript: string }[] | null | undefined;
  workspaceFiles?: readonly WorkspaceFile[] | null | undefined;
}

/**
 * Where a user keeps sessions. The nine methods without a question mark are all that is required; an adapter with these
 * alone gives conversations that last, but no durable stream: the server then says `durability: "memory"`.
 *
 * Every method may be called again with the same arguments after a failure. `updateSessionRecord`, `saveTranscript`,
 * `saveWorkspaceFile` and `deleteSessionFile` overwrite or remove without complaint.
 */
export interface PersistenceAdapter {
  /** For people: banner and `/health`. Never with a password in it. */
  readonly name?: string | undefined;
  listAllSessions(): Promise<readonly SessionRow[]>;
  /** The session with what was saved of it, the bare row, or null/undefined when there is none. */
  loadSession(sessionId: string): Promise<LoadedSession | null | undefined>;
  createSessionRecord(record: SessionRecord, write?: WriteContext): Promise<void>;
  /** Only the fields in `patch` change. */
  updateSessionRecord(sessionId: string, patch: SessionRecordPatch, write?: WriteContext): Promise<void>;
  /** The agent's own transcript, whole; with `subagentId` that of a subagent. */
  saveTranscript(sessionId: string, raw: string, subagentId?: string, write?: WriteContext): Promise<void>;
  saveWorkspaceFile(sessionId: string, file: WorkspaceFile, write?: WriteContext): Promise<void>;
  deleteSessionFile(sessionId: string, path: string, write?: WriteContext): Promise<void>;
  listAgentProfiles(): Promise<readonly AgentProfileInput[]>;
  loadAgentProfile(profileId: string): Promise<AgentProfileInput | null | undefined>;

  /** The durable stream of events; without it streams live in memory. */
  readonly eventLog?: EventLog | undefined;
  /** Who may run a session; without it this server is taken to be the only one. */
  readonly leases?: Leases | undefined;
  /** Pages, newest update first; without it the engine filters `listAllSessions`. */
  listSessions?(
    query: ListSessionsQuery,
  ): Promise<{ sessions: readonly SessionRow[]; nextCursor: string | null }>;
  /**
   * The sessions that a server which starts has to look at: those with a sandbox claim, and those whose status is neither
   * `idle` nor `terminated`. Without it the engine filters `listAllSessions`.
   */
  listUnfinishedSessions?(): Promise<readonly SessionRow[]>;
  /** Removes everything of the session, its stream too. Without it `purge` is `capability_missing`. */
  deleteSession?(sessionId: string, write?: WriteContext): Promise<void>;
  saveAgentProfile?(profile: AgentProfile): Promise<void>;
  /** An id of the store that never changes; all servers on one store are one deployment. */
  deploymentId?(): Promise<string>;
  /** Opens what must be open before the first call, and fails with one clear error when it cannot. */
  open?(): Promise<void>;
  /** Gives back what the adapter itself opened. What the caller passed in stays the caller's. */
  close?(): Promise<void>;
}
