import type { MessageContent } from '@hhopkins/agent-protocol';
import type { ClaudeTurnEnd, Converted } from '../events.ts';
import { SESSION_ENDED_OUTPUT } from '../interruptions.ts';
import { isRecord } from '../json.ts';
import { dispatch } from './dispatch.ts';
import { type Scope, timestampOf } from './scope.ts';
import { type BackgroundTask, emptyState, type LiveState } from './state.ts';
import { endStream } from './stream.ts';
import { loseSubagents } from './subagents.ts';
import { closeOpenTools } from './tools.ts';
import { loseTurn, newTurn } from './turn.ts';

export interface ClaudeLiveConverterOptions {
  /** What an earlier converter of the same session remembered, its `state`. */
  state?: LiveState;
  /** The time for messages that carry none, as ISO 8601. */
  now?: () => string;
}

export interface ClaudeLiveConverter {
  /**
   * A message of the user is about to be given to the resting agent. Until the turn's end all events carry `turnId`.
   * The block of the message itself is not among them: who starts the turn writes it. Without a message, the agent is
   * `working` already, of its own accord.
   */
  startTurn(turn: { turnId: string; messageId?: string }): void;
  /** A message is given to the running turn. Its block follows when the agent takes it up. */
  steer(message: { messageId: string; content: MessageContent }): void;
  /** The events of one message of the SDK's stream. Never throws; what it does not know it logs once. */
  convert(message: unknown): Converted;
  /** The stream ended, or failed, or the process died: closes whatever is open. */
  streamEnded(reason?: string): Converted;
  /** Whether the agent works, for a turn or of its own accord, e.g. when a background command has ended. */
  readonly working: boolean;
  /** What runs on in the background; shell commands among it may outlive the turn. */
  readonly backgroundTasks: readonly BackgroundTask[];
  /** Claude's id of the session it works in, and thus of its transcript. `/clear` changes it. */
  readonly agentSessionId: string | undefined;
  /** Plain JSON, to be given to a later converter. A snapshot. */
  readonly state: LiveState;
}

/**
 * Turns the messages of the Claude Agent SDK (`includePartialMessages` and `forwardSubagentText` on, and
 * `CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS=1` in the environment) into events.
 *
 * @example
 * const converter = createClaudeLiveConverter();
 * converter.startTurn({ turnId, messageId });
 * for await (const message of query({ prompt, options })) {
 *   const { events, turnEnd } = converter.convert(message);
 * }
 */
export function createClaudeLiveConverter(options: ClaudeLiveConverterOptions = {}): ClaudeLiveConverter {
  const { now = () => new Date().toISOString() } = options;
  const state = structuredClone(options.state ?? emptyState());

  return {
    startTurn({ turnId, messageId }) {
      state.turn = newTurn(turnId, messageId);
      state.brought = {};
    },
    steer(message) {
      state.steered.push(message);
    },
    convert(message) {
      if (!isRecord(message)) return { events: [] };
      const scope: Scope = { state, events: [], timestamp: timestampOf(message, now) };
      return converted(scope, dispatch(scope, message));
    },
    streamEnded(reason = 'The agent ended unexpectedly') {
      const scope: Scope = { state, events: [], timestamp: now() };
      endStream(scope, 'agent lost');
      loseSubagents(scope, SESSION_ENDED_OUTPUT);
      closeOpenTools(scope, SESSION_ENDED_OUTPUT);
      const turnEnd = loseTurn(scope, reason);
      Object.assign(state, AGENT_GONE);
      return converted(scope, turnEnd);
    },
    get working() {
      return state.working;
    },
    get backgroundTasks() {
      return state.backgroundTasks;
    },
    get agentSessionId() {
      return state.sessionId ?? undefined;
    },
    get state() {
      return structuredClone(state);
    },
  };
}

const AGENT_GONE: Partial<LiveState> = { working: false, hasWorked: false, backgroundTasks: [], steered: [] };

const converted = ({ events }: Scope, turnEnd: ClaudeTurnEnd | undefined): Converted =>
  turnEnd ? { events, turnEnd } : { events };
