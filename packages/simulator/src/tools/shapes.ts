import type { ToolDeclaration } from '../model-request.ts';
import type { CanonicalCall } from '../scenario/step.ts';
import { type Candidate, fillInput } from './fill.ts';

/** A call in the agent's own words. `input` is text for a freeform tool, else an object. */
export interface ToolCall {
  name: string;
  input: Record<string, unknown> | string;
}

/** Names under which agents offer what the scenarios need, the likeliest first. */
const NAMES = {
  shell: ['Bash', 'bash', 'run_shell_command', 'exec_command', 'shell_command', 'shell', 'local_shell'],
  write: ['Write', 'write', 'write_file'],
  patch: ['apply_patch'],
  subagent: ['Agent', 'Task', 'task', 'spawn_agent', 'invoke_agent', 'generalist', 'codebase_investigator'],
  question: ['AskUserQuestion', 'question', 'ask_user', 'request_user_input'],
} as const;

/** What each agent calls its all-purpose subagent, by the name of the tool that starts one. */
const GENERAL_AGENT: Record<string, string> = {
  Agent: 'general-purpose',
  Task: 'general-purpose',
  task: 'general',
  invoke_agent: 'generalist',
};

/** The names to look for when the tool of a call is not in the request. */
export function toolNamesFor(call: CanonicalCall): readonly string[] {
  return call.tool === 'named' ? [call.name] : NAMES[call.tool];
}

/**
 * Turns a canonical call into a call of one of the request's own tools, by name and input schema. Undefined when
 * the agent offers nothing that could do it. A write without a write tool becomes a patch, else a shell command.
 */
export function shapeCall(call: CanonicalCall, tools: readonly ToolDeclaration[]): ToolCall | undefined {
  switch (call.tool) {
    case 'shell':
      return fill(findByName(tools, NAMES.shell), shellCandidates(call));
    case 'write':
      return (
        fill(findByName(tools, NAMES.write), [
          [['file_path', 'filePath', 'path', 'filename'], call.path],
          [['content', 'contents', 'text'], call.content],
        ]) ??
        shapePatch(call, findByName(tools, NAMES.patch)) ??
        fill(findByName(tools, NAMES.shell), shellCandidates(shellWrite(call)))
      );
    case 'subagent': {
      const tool = findByName(tools, NAMES.subagent);
      return fill(tool, subagentCandidates(call, tool?.name ?? ''));
    }
    case 'question':
      return fill(findByName(tools, NAMES.question), [[['questions'], [questionItem(call)]]]);
    case 'named': {
      const tool = tools.find(({ name }) => name === call.name) ?? findBySuffix(tools, call.name);
      return tool && { name: tool.name, input: call.input };
    }
  }
}

function findByName(
  tools: readonly ToolDeclaration[],
  names: readonly string[],
): ToolDeclaration | undefined {
  for (const wanted of names) {
    const tool = tools.find(({ name }) => name === wanted);
    if (tool) return tool;
  }
  return undefined;
}

/** Agents put the server's name before an MCP tool's: `mcp__echo__say`, `mcp_echo_say`, `echo_say`. */
function findBySuffix(tools: readonly ToolDeclaration[], name: string): ToolDeclaration | undefined {
  return tools.find((tool) => tool.name.endsWith(`_${name}`));
}

function fill(tool: ToolDeclaration | undefined, candidates: Candidate[]): ToolCall | undefined {
  return tool && { name: tool.name, input: fillInput(tool.inputSchema, candidates) };
}

function shellCandidates(call: CanonicalCall & { tool: 'shell' }): Candidate[] {
  const milliseconds = call.timeoutSeconds === undefined ? undefined : call.timeoutSeconds * 1000;
  return [
    [['command', 'cmd', 'script'], call.command],
    [['description'], call.description],
    [['timeout', 'timeout_ms'], milliseconds],
    [['run_in_background', 'background', 'is_background'], call.background],
  ];
}

function subagentCandidates(call: CanonicalCall & { tool: 'subagent' }, toolName: string): Candidate[] {
  return [
    [['prompt', 'message', 'request', 'objective', 'task'], call.prompt],
    [['description'], call.description],
    [['task_name'], 'simulated_task'],
    [['subagent_type', 'agent_name', 'agent_type'], call.agentType ?? GENERAL_AGENT[toolName]],
    [['run_in_background', 'background'], call.background],
  ];
}

function questionItem(call: CanonicalCall & { tool: 'question' }): Record<string, unknown> {
  return {
    question: call.question,
    header: call.header,
    type: 'choice',
    multiSelect: false,
    options: call.choices,
  };
}

function shapePatch(
  call: CanonicalCall & { tool: 'write' },
  tool: ToolDeclaration | undefined,
): ToolCall | undefined {
  if (!tool) return undefined;
  const lines = call.content.replace(/\n$/, '').split('\n');
  const added = lines.map((line) => `+${line}`).join('\n');
  const patch = `*** Begin Patch\n*** Add File: ${call.path}\n${added}\n*** End Patch\n`;
  if (tool.freeform) return { name: tool.name, input: patch };
  return { name: tool.name, input: fillInput(tool.inputSchema, [[['input', 'patch', 'patchText'], patch]]) };
}

function shellWrite(call: CanonicalCall & { tool: 'write' }): CanonicalCall & { tool: 'shell' } {
  const command = `printf %s ${quote(call.content)} > ${quote(call.path)}`;
  return { tool: 'shell', command, description: `Write ${call.path}` };
}

function quote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
