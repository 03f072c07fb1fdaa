import type { MessageContent } from '@hhopkins/agent-protocol';
import type { ClaudeTurnEnd } from '../events.ts';
import { type JsonRecord, listAt, numberAt, recordAt, textAt } from '../json.ts';
import { type Scope, sayBlock } from './scope.ts';
import { NO_USAGE, type Turn } from './state.ts';
import { settleUsage } from './usage.ts';

export const newTurn = (turnId: string, messageId: string | undefined): Turn => ({
  turnId,
  ...(messageId === undefined ? { taken: 'yes' } : { messageId, taken: 'no' }),
  result: null,
  agentStopped: false,
  usage: NO_USAGE,
  usageSinceResult: NO_USAGE,
  costUSD: 0,
});

/** Any message may name the user's messages that it answers; that shows that they were taken up. */
export function noteAnswered(scope: Scope, message: JsonRecord): void {
  const named = [textAt(message, 'user_message_uuid'), ...listAt(message, 'user_message_uuids')];
  for (const messageId of named) if (typeof messageId === 'string') takeUp(scope, messageId);
}

/** `command_lifecycle`: a message of the user was queued, started, completed or cancelled. */
export function onLifecycle(scope: Scope, message: JsonRecord): void {
  const messageId = textAt(message, 'command_uuid');
  if (messageId === undefined) return;
  if (message.state === 'started' || message.state === 'completed') takeUp(scope, messageId);
  if (message.state !== 'cancelled') return;
  const { state } = scope;
  state.steered = state.steered.filter((each) => each.messageId !== messageId);
  if (state.turn?.messageId === messageId && state.turn.taken === 'no') state.turn.taken = 'cancelled';
}

function takeUp(scope: Scope, messageId: string): void {
  const { state } = scope;
  if (state.turn?.messageId === messageId) state.turn.taken = 'yes';
  const steered = state.steered.find((each) => each.messageId === messageId);
  if (!steered) return;
  state.steered = state.steered.filter((each) => each !== steered);
  sayUserMessage(scope, messageId, steered.content);
}

function sayUserMessage(scope: Scope, id: string, content: MessageContent): void {
  sayBlock(scope, { id, type: 'user_message', status: 'complete', timestamp: scope.timestamp, content });
}

/** `result`: the agent answered. The turn is over only when it also rests, as background agents may still run. */
export function onResult(scope: Scope, result: JsonRecord): void {
  settleUsage(scope, result);
  const { turn } = scope.state;
  // Of its own accord it may have finished something else first.
  const unasked = recordAt(result, 'origin').kind === 'task-notification';
  if (!turn || (turn.taken === 'no' && unasked)) return;
  turn.agentStopped = false;
  turn.result = outcomeOf(result, turn.modelError);
}

const RETRYABLE_STATUS = new Set([408, 409, 425, 429]);
/** For errors without a status, e.g. a lost connection; a refusal or a too long answer has none either. */
const RETRYABLE_ERROR = new Set<unknown>([undefined, 'overloaded', 'rate_limit', 'server_error', 'unknown']);

function outcomeOf(result: JsonRecord, modelError: string | undefined): Turn['result'] {
  if (textAt(result, 'terminal_reason')?.startsWith('aborted')) return { outcome: 'interrupted' };
  if (result.is_error !== true) return { outcome: 'completed' };
  const said =
    textAt(result, 'result') ||
    listAt(result, 'errors')
      .filter((each) => typeof each === 'string')
      .join('; ');
  const message = said || `Claude ended with "${textAt(result, 'subtype') ?? 'an error'}"`;
  if (result.terminal_reason !== 'api_error')
    return { outcome: 'failed', code: 'agent_error', message, retryable: false };
  const status = numberAt(result, 'api_error_status');
  const retryable =
    status === undefined ? RETRYABLE_ERROR.has(modelError) : status >= 500 || RETRYABLE_STATUS.has(status);
  return { outcome: 'failed', code: 'model_error', message, retryable };
}

/** The end of the running turn, when the agent now rests and had taken it up. */
export function endTurn(scope: Scope): ClaudeTurnEnd | undefined {
  const { turn } = scope.state;
  if (!turn || turn.taken === 'no') return undefined;
  scope.state.turn = null;
  const { usage, costUSD } = turn;
  if (turn.agentStopped || turn.taken === 'cancelled') return { outcome: 'interrupted', usage, costUSD };
  if (!turn.result) {
    // Nobody waits for an answer to what the agent did by itself.
    const end = turn.messageId === undefined ? ({ outcome: 'completed' } as const) : DROPPED;
    return { ...end, usage, costUSD };
  }
  const { outcome, code = 'agent_error', message = '', retryable = false } = turn.result;
  if (outcome !== 'failed') return { outcome, usage, costUSD };
  return { outcome, code, message, retryable, usage, costUSD };
}

/** Claude Code drops a message whose uuid its transcript shows already, and says nothing. */
const DROPPED = {
  outcome: 'failed',
  code: 'agent_error',
  message: 'The agent has had this message before and does not answer it again. Send it as a new message.',
  retryable: false,
} as const;

/** The end of the running turn when the agent ended, rather than rest. */
export function loseTurn(scope: Scope, reason: string): ClaudeTurnEnd | undefined {
  const { turn, working } = scope.state;
  if (!turn) return undefined;
  // An agent that answered, and never said whether it rests, counts as done.
  if (turn.result && !working) {
    turn.taken = 'yes';
    return endTurn(scope);
  }
  scope.state.turn = null;
  const { usage, costUSD } = turn;
  const unheard = turn.taken === 'no';
  return { outcome: 'failed', code: 'agent_lost', message: reason, retryable: true, unheard, usage, costUSD };
}
