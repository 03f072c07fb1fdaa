import { describe, expect, it } from 'vitest';
import type { JsonSchema, ToolDeclaration } from '../src/model-request.ts';
import { shapeCall } from '../src/tools/shapes.ts';
import { assistant, bash, callsOf, request, toolResults, user, write } from './support/conversation.ts';

function tool(name: string, properties: Record<string, JsonSchema>, required = Object.keys(properties)) {
  return { name, inputSchema: { type: 'object', properties, required } } satisfies ToolDeclaration;
}
const string: JsonSchema = { type: 'string' };

const shell = { tool: 'shell', command: 'ls', description: 'List', timeoutSeconds: 5 } as const;
const file = { tool: 'write', path: 'a.txt', content: "it's\nhere\n" } as const;

describe('a shell command', () => {
  it.each([
    [bash, { command: 'ls', description: 'List', timeout: 5000 }],
    [
      tool('run_shell_command', { command: string, description: string }),
      { command: 'ls', description: 'List' },
    ],
    [tool('exec_command', { cmd: string }), { cmd: 'ls' }],
    [tool('shell', { command: { type: 'array', items: string } }), { command: ['bash', '-lc', 'ls'] }],
  ])('takes the form of $name', (declared, input) => {
    expect(shapeCall(shell, [write, declared])).toEqual({ name: declared.name, input });
  });
});

describe('a shell command in the background', () => {
  it('is told so to a shell that can, and is an ordinary command to another', async () => {
    const background = { type: 'boolean' };
    const prompt = user('sim:shell background=true cmd=ls');
    const able = tool('Bash', { command: string, run_in_background: background }, ['command']);
    expect(await callsOf(request([prompt], { tools: [able] }))).toEqual([
      { name: 'Bash', input: { command: 'ls', run_in_background: true } },
    ]);
    const unable = tool('Bash', { command: string });
    expect(await callsOf(request([prompt], { tools: [unable] }))).toEqual([
      { name: 'Bash', input: { command: 'ls' } },
    ]);
  });
});

describe('a file write', () => {
  it.each([
    [write, { file_path: 'a.txt', content: file.content }],
    [tool('write', { filePath: string, content: string }), { filePath: 'a.txt', content: file.content }],
  ])('takes the form of $name', (declared, input) => {
    expect(shapeCall(file, [bash, declared])).toEqual({ name: declared.name, input });
  });

  it('is a patch for an agent that only patches', () => {
    const patch = "*** Begin Patch\n*** Add File: a.txt\n+it's\n+here\n*** End Patch\n";
    const freeform = { name: 'apply_patch', inputSchema: {}, freeform: true };
    expect(shapeCall(file, [bash, freeform])).toEqual({ name: 'apply_patch', input: patch });
    expect(shapeCall(file, [tool('apply_patch', { input: string })])).toEqual({
      name: 'apply_patch',
      input: { input: patch },
    });
  });

  it('is a shell command for an agent that has nothing else', () => {
    expect(shapeCall(file, [bash])).toMatchObject({
      name: 'Bash',
      input: { command: `printf %s 'it'\\''s\nhere\n' > 'a.txt'` },
    });
  });
});

describe('a subagent', () => {
  const call = { tool: 'subagent', prompt: 'do', description: 'Job', background: true } as const;

  it.each([
    [
      tool('Agent', {
        prompt: string,
        description: string,
        subagent_type: string,
        run_in_background: { type: 'boolean' },
      }),
      { prompt: 'do', description: 'Job', subagent_type: 'general-purpose', run_in_background: true },
    ],
    [
      tool('task', { prompt: string, description: string, subagent_type: string }),
      { prompt: 'do', description: 'Job', subagent_type: 'general' },
    ],
    [
      tool('invoke_agent', { agent_name: string, prompt: string }),
      { agent_name: 'generalist', prompt: 'do' },
    ],
    [
      tool('spawn_agent', { message: string, task_name: string }),
      { message: 'do', task_name: 'simulated_task' },
    ],
  ])('takes the form of $name', (declared, input) => {
    expect(shapeCall(call, [declared])).toEqual({ name: declared.name, input });
  });
});

describe('any tool', () => {
  it('is found by its name or by the end of it', () => {
    const say = tool('mcp__echo__say', { text: string });
    for (const name of ['mcp__echo__say', 'say']) {
      expect(shapeCall({ tool: 'named', name, input: { text: 'hi' } }, [say])).toEqual({
        name: 'mcp__echo__say',
        input: { text: 'hi' },
      });
    }
  });

  it('has its required properties filled when nobody knows their value', () => {
    const declared = tool('Bash', {
      command: string,
      mode: { enum: ['fast', 'slow'] },
      level: { type: 'integer', minimum: 2 },
      tags: { type: 'array' },
      more: { type: 'object', properties: { yes: { type: 'boolean' } }, required: ['yes'] },
    });
    expect(shapeCall(shell, [declared])?.input).toEqual({
      command: 'ls',
      mode: 'fast',
      level: 2,
      tags: [],
      more: { yes: false },
    });
  });
});

describe('a tool that the agent has deferred', () => {
  const toolSearch = tool('ToolSearch', { query: string, max_results: { type: 'number', default: 5 } });
  const prompt = user('sim:mcp tool=mcp__echo__say text=hi');

  it('is loaded first, which is no step of the scenario', async () => {
    expect(await callsOf(request([prompt], { tools: [toolSearch] }))).toEqual([
      { name: 'ToolSearch', input: { query: 'select:mcp__echo__say', max_results: 5 } },
    ]);
    const loaded = request([prompt, assistant('ToolSearch'), toolResults], {
      tools: [toolSearch, tool('mcp__echo__say', { text: string })],
    });
    expect(await callsOf(loaded)).toEqual([{ name: 'mcp__echo__say', input: { text: 'hi' } }]);
  });

  it('is given up when loading it did not help', async () => {
    const turns = [prompt, assistant('ToolSearch'), toolResults];
    expect(await callsOf(request(turns, { tools: [toolSearch] }))).toEqual([]);
  });
});
