import { MAIN_CONVERSATION } from '@hhopkins/agent-protocol';
import { clearedBlockId } from '../block-ids.ts';
import type { ClaudeTurnEnd } from '../events.ts';
import { type JsonRecord, numberAt, recordAt, recordsAt, textAt } from '../json.ts';
import { clearedBlock, commandOutputBlock, compactionBlock } from '../system-blocks.ts';
import { localCommandOutput } from '../user-content.ts';
import { onAssistant } from './assistant.ts';
import { noteBrought, retract } from './retraction.ts';
import { type Scope, say, sayBlock } from './scope.ts';
import { endStream, onStreamEvent } from './stream.ts';
import { conversationOf, onTaskEnd, onTaskStarted } from './subagents.ts';
import { endTurn, noteAnswered, onLifecycle, onResult } from './turn.ts';
import { onUser } from './user.ts';

/** Gives a message to what handles its type. The turn's end, when the message brings it. */
export function dispatch(scope: Scope, message: JsonRecord): ClaudeTurnEnd | undefined {
  noteAnswered(scope, message);
  scope.state.sessionId = textAt(message, 'session_id') ?? scope.state.sessionId;
  switch (message.type) {
    case 'stream_event':
      if (conversationOf(scope, message) === MAIN_CONVERSATION)
        onStreamEvent(scope, recordAt(message, 'event'));
      return undefined;
    case 'assistant':
      retract(scope, message, 'supersedes');
      onAssistant(scope, message);
      noteBrought(scope, message);
      return undefined;
    case 'user':
      onUser(scope, message);
      noteBrought(scope, message);
      return undefined;
    case 'conversation_reset':
      onCleared(scope, message);
      return undefined;
    case 'result':
      endStream(scope, 'cut off');
      onResult(scope, message);
      return undefined;
    case 'command_lifecycle':
      onLifecycle(scope, message);
      return undefined;
    case 'system':
      return onSystem(scope, message);
    default:
      reportUnknown(scope, `${message.type}`);
      return undefined;
  }
}

function onSystem(scope: Scope, message: JsonRecord): ClaudeTurnEnd | undefined {
  switch (message.subtype) {
    case 'session_state_changed':
      return onStateChanged(scope, message);
    case 'init': {
      const model = textAt(message, 'model');
      if (model) say(scope, 'metadata:update', { model });
      return undefined;
    }
    case 'api_retry':
      endStream(scope, 'retried');
      say(scope, 'log', { level: 'warn', message: retryMessage(message) });
      return undefined;
    case 'compact_boundary': {
      const id = textAt(message, 'uuid');
      if (id) sayBlock(scope, compactionBlock({ id, timestamp: scope.timestamp }));
      return undefined;
    }
    case 'local_command_output': {
      const id = textAt(message, 'uuid');
      const output = localCommandOutput(message.content) ?? textAt(message, 'content')?.trim();
      if (id && output) sayBlock(scope, commandOutputBlock({ id, timestamp: scope.timestamp }, output));
      return undefined;
    }
    case 'model_refusal_fallback':
      retract(scope, message, 'retracted_message_uuids');
      return undefined;
    case 'session_writes_lost':
      say(scope, 'log', {
        level: 'error',
        message: 'Claude could not write its transcript: the disk is full',
      });
      return undefined;
    case 'task_started':
      onTaskStarted(scope, message);
      return undefined;
    case 'task_updated':
      onTaskEnd(scope, message, textAt(recordAt(message, 'patch'), 'status'));
      return undefined;
    case 'task_notification':
      onTaskEnd(scope, message, textAt(message, 'status'));
      return undefined;
    case 'background_tasks_changed':
      scope.state.backgroundTasks = recordsAt(message, 'tasks')
        .filter((task) => task.ambient !== true)
        .map((task) => ({
          id: textAt(task, 'task_id') ?? '',
          type: textAt(task, 'task_type') ?? '',
          description: textAt(task, 'description') ?? '',
        }));
      return undefined;
    default:
      reportUnknown(scope, `system/${message.subtype}`);
      return undefined;
  }
}

function onStateChanged(scope: Scope, message: JsonRecord): ClaudeTurnEnd | undefined {
  const { state } = scope;
  const rested = !state.working;
  state.working = message.state !== 'idle';
  state.hasWorked ||= state.working;
  if (state.working) return undefined;
  // An agent that rests and says so once more has dropped the message that it was given.
  if (rested && state.hasWorked && state.turn?.taken === 'no') state.turn.taken = 'yes';
  endStream(scope, 'cut off');
  return endTurn(scope);
}

/** `/clear`: Claude goes on in another session, with an empty transcript. What was said remains said. */
function onCleared(scope: Scope, message: JsonRecord): void {
  const messageId = textAt(message, 'user_message_uuid') ?? textAt(message, 'uuid');
  if (messageId === undefined) return;
  const { timestamp } = scope;
  sayBlock(scope, clearedBlock({ id: clearedBlockId(messageId), timestamp }));
}

function retryMessage(message: JsonRecord): string {
  const status = numberAt(message, 'error_status');
  const cause = `${textAt(message, 'error') ?? 'unknown'}${status === undefined ? '' : `, status ${status}`}`;
  const attempt = `${numberAt(message, 'attempt') ?? '?'} of ${numberAt(message, 'max_retries') ?? '?'}`;
  return `The model did not answer (${cause}); retry ${attempt}`;
}

/** Known, and of no concern to a conversation. */
const SILENT_TYPES = new Set([
  'auth_status',
  'prompt_suggestion',
  'rate_limit_event',
  'tool_progress',
  'tool_use_summary',
  'system/commands_changed',
  'system/control_request_progress',
  'system/elicitation_complete',
  'system/files_persisted',
  'system/hook_progress',
  'system/hook_response',
  'system/hook_started',
  'system/informational',
  'system/memory_recall',
  'system/model_refusal_no_fallback',
  'system/notification',
  'system/permission_denied',
  'system/plugin_install',
  'system/status',
  'system/task_progress',
  'system/thinking_tokens',
  'system/worker_shutting_down',
]);

/** Bounds what is remembered of what was never seen before. */
const MAX_REPORTED = 50;

function reportUnknown(scope: Scope, type: string): void {
  const { reported } = scope.state;
  const name = type.slice(0, 100);
  if (SILENT_TYPES.has(name) || reported.includes(name) || reported.length >= MAX_REPORTED) return;
  reported.push(name);
  say(scope, 'log', {
    level: 'debug',
    message: `Claude sent a message of an unknown type, "${name}"; it is ignored`,
  });
}
