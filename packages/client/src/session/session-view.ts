import type { AgentServerError, Conversation, Cursor, FileEntry, Session } from '@hhopkins/agent-protocol';
import type { OptimisticMessage } from './optimistic.ts';

/**
 * `idle`: nobody subscribed yet. `loading`: nothing is known yet. `live`: what is shown follows the server. `stale`: it is
 * what was known last, and is being caught up. `gone`: the server has no such session.
 */
export type SessionViewStatus = 'idle' | 'loading' | 'live' | 'stale' | 'gone';

/** What a session looks like here and now. Unchanged parts are the same objects as before. */
export interface SessionView {
  readonly status: SessionViewStatus;
  readonly session: Session | undefined;
  readonly conversation: Conversation;
  readonly files: readonly FileEntry[];
  /** Messages sent from here that the conversation does not show yet. */
  readonly optimistic: readonly OptimisticMessage[];
  readonly cursor: Cursor | undefined;
  /** Why the session cannot be followed at present, if so. */
  readonly error: AgentServerError | undefined;
}

const NOTHING_SAID: Conversation = { blocks: [], subagents: [] };
const NO_FILES: readonly FileEntry[] = [];

export const EMPTY_VIEW = { session: undefined, conversation: NOTHING_SAID, files: NO_FILES } as const;
