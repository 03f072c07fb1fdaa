import type { SessionEvent } from './events.ts';
import type { FileEntry } from './files.ts';
import { reduceConversation } from './reduce-conversation.ts';
import { reduceSession } from './reduce-session.ts';
import type { Session, SessionState, SessionStatus } from './session.ts';

/** The state of a session of which nothing has happened yet. */
export function initialState(sessionId: string): SessionState {
  const epoch = new Date(0).toISOString();
  return {
    session: {
      sessionId,
      architecture: '',
      principal: '',
      sessionOptions: {},
      metadata: {},
      allowedTools: [],
      status: 'idle',
      queue: [],
      activeTurn: null,
      lastTurn: null,
      pending: { permissions: [], questions: [] },
      resolved: [],
      sandbox: { status: 'none' },
      restored: null,
      usage: { inputTokens: 0, outputTokens: 0 },
      costUSD: 0,
      workspaceSavedAt: null,
      transcriptSavedAt: null,
      createdAt: epoch,
      updatedAt: epoch,
    },
    conversation: { blocks: [], subagents: [] },
    files: [],
  };
}

/**
 * The state after `event`. Pure: the given state is not changed, and unchanged parts are shared with the result.
 * Events of unknown types change nothing but `updatedAt`.
 *
 * @example
 * const state = events.reduce(reduce, initialState(sessionId));
 */
export function reduce(state: SessionState, event: SessionEvent): SessionState {
  const { timestamp } = event.context;
  const next = apply(state, event);
  const session = { ...next.session, updatedAt: timestamp };
  return { ...next, session: { ...session, status: statusOf(session) } };
}

function statusOf(session: Session): SessionStatus {
  if (session.status === 'terminated') return 'terminated';
  if (session.activeTurn) {
    const { permissions, questions } = session.pending;
    return permissions.length + questions.length > 0 ? 'waiting' : 'running';
  }
  return session.queue.length > 0 ? 'queued' : 'idle';
}

function apply(state: SessionState, event: SessionEvent): SessionState {
  const { timestamp } = event.context;
  switch (event.type) {
    case 'block:upsert':
    case 'block:delta':
    case 'block:discarded':
    case 'subagent:spawned':
    case 'subagent:completed':
      return { ...state, conversation: reduceConversation(state.conversation, event) };
    case 'file:created':
    case 'file:modified':
      return { ...state, files: putFile(state.files, { ...event.payload, modifiedAt: timestamp }) };
    case 'file:deleted':
      return { ...state, files: state.files.filter((file) => file.path !== event.payload.path) };
    default:
      return { ...state, session: reduceSession(state.session, event) };
  }
}

function putFile(files: FileEntry[], file: FileEntry): FileEntry[] {
  const index = files.findIndex((each) => each.path === file.path);
  return index < 0 ? [...files, file] : files.with(index, file);
}
