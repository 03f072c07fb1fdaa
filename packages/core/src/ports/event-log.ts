import type { Durability, JournalPosition, SessionEvent, Snapshot } from '@hhopkins/agent-protocol';

/** A session's stream as the log knows it. */
export interface StreamInfo {
  streamId: string;
  /** `seq` of the last event; 0 when there is none. */
  head: number;
  /** Reads must begin at or after this `seq`; below it events were compacted away. */
  floor: number;
  /** The highest epoch that wrote, or was given by a lease. */
  epoch: number;
  /** What has been committed of a runner's journal, with the events it yielded. */
  journal: JournalPosition | null;
  /** `seq` of the stored snapshot, or null. */
  snapshotSeq: number | null;
}

export type CommandState = 'queued' | 'taken' | 'started' | 'ended';

/** A client's wish, stored before it is acknowledged. Unique by session, principal and id. */
export interface CommandRecord {
  commandId: string;
  principal: string;
  lane: 'turns' | 'control';
  state: CommandState;
  /** SHA-256 of the request's canonical JSON: the same id with another body is refused. */
  bodyHash: string;
  /** What a runner is handed, as JSON. */
  command: unknown;
  /** What the client was answered, to be answered again. */
  result: unknown;
}

/** Events of one session, committed as a whole or not at all. */
export interface AppendBatch {
  sessionId: string;
  /** A session without a stream gets one with this id, when `expectedHead` is 0. Another id is a `head_mismatch`. */
  streamId: string;
  epoch: number;
  /** Head before the first event; anything else is a `head_mismatch`. */
  expectedHead: number;
  /** Commits together with the events; absent leaves the position as it is. */
  journal?: JournalPosition | undefined;
  /** Their `seq` runs from `expectedHead + 1` without a gap. May be empty when only commands or the journal change. */
  events: readonly SessionEvent[];
  /** Inserted when new; otherwise only `state` and `result` change. */
  commands?: readonly CommandRecord[] | undefined;
  /** Commands that must be new: if one exists, nothing is committed and the result is `duplicate_command`. */
  newCommands?: readonly CommandRecord[] | undefined;
}

export type AppendResult =
  | { ok: true; head: number }
  | {
      ok: false;
      code: 'stale_epoch' | 'head_mismatch' | 'duplicate_command' | 'event_too_large' | 'store_unavailable';
      message: string;
    };

export type ReadResult =
  | { kind: 'events'; streamId: string; head: number; floor: number; events: SessionEvent[] }
  /** The cursor is of no use: start from `snapshot`, or from nothing at `seq` 0 when there is none. */
  | { kind: 'reset'; streamId: string; head: number; snapshot: Snapshot | null };

/**
 * The durable, ordered events of all sessions.
 *
 * A method rejects with `store_unavailable` when the store cannot be reached; after an `append` that rejected, the outcome
 * is unknown and the caller re-reads `stream` before anything else.
 */
export interface EventLog {
  /** How long what is committed lasts: `store` survives any process, `memory` ends with this one. */
  readonly durability: Durability;
  /** Null when the session has no stream. */
  stream(sessionId: string): Promise<StreamInfo | null>;

  /**
   * Commits several sessions' batches in one go, durably. A result for each, in order: one batch's fault fails that batch
   * alone. At most one batch a session in a call.
   */
  append(batches: readonly AppendBatch[]): Promise<AppendResult[]>;

  /**
   * Events with `seq` > `after`, at most `limit` of them and, from the second on, at most `maximumBytes` of JSON.
   * `streamId` is the stream the cursor is of, when known. A cursor below the floor, beyond the head or of another stream
   * gets a reset, decided in the same transaction. Null when the session has no stream.
   */
  read(
    sessionId: string,
    query: { after: number; streamId?: string | undefined; limit: number; maximumBytes?: number | undefined },
  ): Promise<ReadResult | null>;

  /** The newest stored snapshot with `seq` ≤ `at` (default: head), or null. Only the newest needs to be kept. */
  loadSnapshot(sessionId: string, at?: number): Promise<Snapshot | null>;
  /** Replaces an older snapshot of the same stream. Refused with `stale_epoch` or `head_mismatch` (another stream, or beyond the head). */
  saveSnapshot(sessionId: string, snapshot: Snapshot, write: { epoch: number }): Promise<void>;

  /**
   * Removes the events named by `drop` (all ≤ `floor`) and raises the floor, in one transaction. Nothing is renumbered.
   * Refused with `head_mismatch` when no snapshot at or above `floor` is stored.
   */
  compact(
    sessionId: string,
    change: { epoch: number; floor: number; drop: readonly number[] },
  ): Promise<void>;

  findCommand(sessionId: string, principal: string, commandId: string): Promise<CommandRecord | null>;
  /** Commands that have not ended, oldest first. */
  openCommands(sessionId: string): Promise<CommandRecord[]>;
}
