import { MAIN_CONVERSATION } from '@hhopkins/agent-protocol';
import { subagentPromptBlockId } from '../block-ids.ts';
import { INTERRUPTED_OUTPUT } from '../interruptions.ts';
import { type JsonRecord, textAt } from '../json.ts';
import { subagentBlock } from '../subagent-calls.ts';
import { type Scope, say, sayBlock } from './scope.ts';
import type { Subagent } from './state.ts';
import { closeOpenTools } from './tools.ts';

/** The conversation that a message belongs to: `main`, or a subagent's. */
export function conversationOf(scope: Scope, message: JsonRecord): string {
  const parentCall = textAt(message, 'parent_tool_use_id');
  const known = Object.entries(scope.state.subagents).findLast(
    ([, each]) => each.toolUseId === parentCall,
  )?.[0];
  const subagentId = textAt(message, 'agent_id') ?? known ?? parentCall;
  if (subagentId === undefined) return MAIN_CONVERSATION;
  // Agents of a workflow start without a word.
  if (!scope.state.subagents[subagentId]) spawnSubagent(scope, subagentId, message);
  return subagentId;
}

export function onTaskStarted(scope: Scope, task: JsonRecord): void {
  const subagentId = textAt(task, 'task_id');
  if (subagentId === undefined || task.task_type !== 'local_agent') return;
  const existing = scope.state.subagents[subagentId];
  if (existing) existing.running = true;
  else spawnSubagent(scope, subagentId, task);
}

function spawnSubagent(scope: Scope, subagentId: string, source: JsonRecord): void {
  const { state, timestamp } = scope;
  const toolUseId = textAt(source, 'tool_use_id') ?? textAt(source, 'parent_tool_use_id') ?? subagentId;
  const call = state.openTools.find((each) => each.toolUseId === toolUseId);
  const parentId = call?.conversationId ?? MAIN_CONVERSATION;
  const prompt = textAt(source, 'prompt');
  const input = call?.awaitsSubagent?.input ?? (prompt === undefined ? {} : { prompt });
  if (call) call.awaitsSubagent = null;
  const block = subagentBlock({
    toolUseId,
    input,
    timestamp,
    subagentId,
    name: textAt(source, 'subagent_type'),
  });
  const { name } = block;
  state.subagents[subagentId] = { toolUseId, parentId, name, input, running: true, closed: false };
  say(scope, 'subagent:spawned', { subagentId, toolUseId, name, input }, parentId);
  sayBlock(scope, block, parentId);
  if (!prompt) return;
  const id = subagentPromptBlockId(subagentId);
  sayBlock(scope, { id, type: 'user_message', status: 'complete', timestamp, content: prompt }, subagentId);
}

/** `task_updated` or `task_notification`, whichever first says that the subagent's run is over. */
export function onTaskEnd(scope: Scope, task: JsonRecord, status: string | undefined): void {
  const subagentId = textAt(task, 'task_id') ?? '';
  const subagent = scope.state.subagents[subagentId];
  if (!subagent?.running) return;
  if (!ENDED.has(status)) return;
  const stopped = status === 'stopped' || status === 'killed';
  if (stopped && scope.state.turn) scope.state.turn.agentStopped = true;
  const outcome = status === 'completed' ? 'complete' : 'error';
  closeSubagent(scope, subagentId, subagent, outcome, INTERRUPTED_OUTPUT);
}

const ENDED = new Set<unknown>(['completed', 'failed', 'stopped', 'killed']);

/** Everything that still runs ends with the agent. */
export function loseSubagents(scope: Scope, output: string): void {
  for (const [subagentId, subagent] of Object.entries(scope.state.subagents)) {
    if (subagent.running) closeSubagent(scope, subagentId, subagent, 'error', output);
  }
}

function closeSubagent(
  scope: Scope,
  subagentId: string,
  subagent: Subagent,
  status: 'complete' | 'error',
  openToolOutput: string,
): void {
  closeOpenTools(scope, openToolOutput, subagentId);
  subagent.running = false;
  if (subagent.closed) return;
  subagent.closed = true;
  const { toolUseId, parentId, name, input, lastText } = subagent;
  const output = status === 'complete' && lastText !== undefined ? { output: lastText } : {};
  say(scope, 'subagent:completed', { subagentId, status, ...output }, parentId);
  const { timestamp } = scope;
  const block = subagentBlock({ toolUseId, input, timestamp, subagentId, name });
  sayBlock(scope, { ...block, status, ...output }, parentId);
}
