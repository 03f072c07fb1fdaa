import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSdkMcpServer, type SDKMessage, tool } from '@anthropic-ai/claude-agent-sdk';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { formatScenarioLine } from '../src/index.ts';
import { blocksOf, makeHome, startClaude, textsOf, toolResultsOf } from './support/claude.ts';
import { startSimulator } from './support/simulator.ts';

/** One turn of the real agent. */
async function runTurn(prompt: string): Promise<{ messages: SDKMessage[]; workspace: string }> {
  const { url } = await startSimulator();
  const claude = await startClaude(url);
  claude.send(prompt);
  await claude.turnsEnded(1);
  return claude;
}

function resultsOf(messages: SDKMessage[]) {
  return messages.filter((message) => message.type === 'result');
}

describe('the real Claude agent', () => {
  it('thinks, then speaks', async () => {
    const { messages } = await runTurn('sim:thinking');
    expect(blocksOf(messages).map(({ type }) => type)).toEqual(['thinking', 'text']);
  });

  it('runs a command and writes a file in its working directory', async () => {
    const { messages, workspace } = await runTurn(
      formatScenarioLine('shell-and-write', {
        cmd: 'echo "from the shell" > shell.txt; pwd',
        path: 'deep/file.txt',
        content: 'two\n"lines"\n',
      }),
    );
    expect(await readFile(join(workspace, 'shell.txt'), 'utf8')).toBe('from the shell\n');
    expect(await readFile(join(workspace, 'deep/file.txt'), 'utf8')).toBe('two\n"lines"\n');
    expect(toolResultsOf(messages)[0]?.output).toContain(workspace);
    expect(textsOf(messages).at(-1)).toContain('All done');
  });

  it('runs both commands of one message', async () => {
    const { messages } = await runTurn('sim:parallel');
    expect(blocksOf(messages).map(({ type }) => type)).toEqual(['text', 'tool_use', 'tool_use', 'text']);
    const outputs = toolResultsOf(messages).map(({ output }) => output);
    expect(outputs.sort()).toEqual(['one', 'two']);
  });

  it('sees a command fail', async () => {
    const { messages } = await runTurn('sim:fail');
    expect(toolResultsOf(messages)).toMatchObject([
      { isError: true, output: expect.stringContaining('goes wrong') },
    ]);
  });

  it('has a subagent that thinks, speaks and runs a command', async () => {
    const { messages } = await runTurn('sim:subagent');
    const kinds = blocksOf(messages, { subagent: true }).map(({ type }) => type);
    expect(kinds).toEqual(['thinking', 'text', 'tool_use', 'text']);
    expect(toolResultsOf(messages)).toMatchObject([
      { subagent: true, output: 'hello from the subagent' },
      { subagent: false },
    ]);
    expect(textsOf(messages).at(-1)).toContain('finished');
  });

  it('leaves a subagent in the background and hears from it later', async () => {
    const { url } = await startSimulator();
    const claude = await startClaude(url);
    claude.send('sim:subagent background=true');
    await claude.turnsEnded(2);
    expect(textsOf(claude.messages).slice(-2)).toEqual([
      'The subagent works in the background.',
      expect.stringContaining('come back'),
    ]);
  });

  it('asks a question and takes the answer', async () => {
    const { url } = await startSimulator();
    const claude = await startClaude(url, undefined, {
      canUseTool: async (_toolName, input) => ({
        behavior: 'allow',
        updatedInput: { ...input, answers: { 'Which colour?': 'Blue' } },
      }),
    });
    claude.send('sim:question');
    await claude.turnsEnded(1);
    expect(toolResultsOf(claude.messages)).toMatchObject([{ output: expect.stringContaining('Blue') }]);
    expect(textsOf(claude.messages).at(-1)).toBe('Thank you for the answer.');
  });

  it('calls an MCP tool', async () => {
    const { url } = await startSimulator();
    const say = tool('say', 'Says a text', { text: z.string() }, async ({ text }) => ({
      content: [{ type: 'text', text: `said ${text}` }],
    }));
    const echo = createSdkMcpServer({ name: 'echo', version: '1.0.0', tools: [say] });
    const claude = await startClaude(url, undefined, { mcpServers: { echo } });
    claude.send('sim:mcp tool=mcp__echo__say text=hello');
    await claude.turnsEnded(1);
    expect(toolResultsOf(claude.messages).at(-1)?.output).toContain('said hello');
  });

  it('plays a script', async () => {
    const { workspace, home } = await makeHome();
    const file = join(home, 'script.json');
    const step = { type: 'message', parts: [{ type: 'text', text: 'scripted' }] };
    await writeFile(file, JSON.stringify({ steps: [step] }));
    const { url } = await startSimulator();
    const claude = await startClaude(url, { workspace, home });
    claude.send(formatScenarioLine('script', { file }));
    await claude.turnsEnded(1);
    expect(textsOf(claude.messages)).toEqual(['scripted']);
  });
});

describe('when the model fails, the real Claude agent', () => {
  it('repeats an overloaded request until it is answered', async () => {
    const { messages } = await runTurn('sim:error status=529 times=2');
    const retries = messages.filter(
      (message) => message.type === 'system' && message.subtype === 'api_retry',
    );
    expect(retries).toMatchObject([{ error_status: 529 }, { error_status: 529 }]);
    expect(textsOf(messages)).toEqual(['Here I am again, after 2 failed tries.']);
  });

  it('repeats a request whose stream was cut', async () => {
    const { messages } = await runTurn('sim:error after=3 cut=true times=1');
    expect(textsOf(messages)).toEqual(['Here I am again, after 1 failed try.']);
  });

  it('ends the turn on an error that no repetition helps', async () => {
    const { messages } = await runTurn('sim:error status=400');
    expect(resultsOf(messages)).toMatchObject([{ is_error: true, terminal_reason: 'api_error' }]);
  });
});

describe('over many turns, the real Claude agent', () => {
  it('can be interrupted, which stops the stream, and does what comes next', async () => {
    const { url, entries } = await startSimulator();
    const claude = await startClaude(url);
    claude.send('sim:slow tokens=1000 rate=20');
    await claude.find((message) => (message.type === 'stream_event' ? true : undefined));
    await claude.interrupt();
    await claude.turnsEnded(1);
    await vi.waitFor(() => expect(entries).toMatchObject([{ scenario: 'slow', outcome: 'aborted' }]));
    claude.send('and now?');
    await claude.turnsEnded(2);
    expect(textsOf(claude.messages).at(-1)).toContain('simulator');
  });

  it('does what comes next after a command was interrupted', async () => {
    const { url } = await startSimulator();
    const claude = await startClaude(url);
    claude.send('sim:long-shell seconds=60');
    await claude.find((message) => blocksOf([message]).find(({ type }) => type === 'tool_use'));
    await claude.interrupt();
    await claude.turnsEnded(1);
    claude.send('and now?');
    await claude.turnsEnded(2);
    expect(textsOf(claude.messages).at(-1)).toContain('simulator');
  });

  it('is steered by a sim: line that comes while it works', async () => {
    const { url } = await startSimulator();
    const claude = await startClaude(url);
    claude.send('sim:shell cmd="until [ -e go ]; do sleep 0.05; done"');
    await claude.find((message) => blocksOf([message]).find(({ type }) => type === 'tool_use'));
    claude.send('sim:text content=steered');
    await writeFile(join(claude.workspace, 'go'), '');
    await claude.turnsEnded(1);
    await claude.find((message) => (textsOf([message]).includes('steered') ? true : undefined));
  });

  it('remembers, in another process, what it was told', async () => {
    const { url } = await startSimulator();
    const place = await makeHome();
    const first = await startClaude(url, place);
    first.send('My dog is called Rex.');
    await first.turnsEnded(1);
    await first.stop();
    const resume = await first.find((message) => ('session_id' in message ? message.session_id : undefined));
    const second = await startClaude(url, place, { resume });
    second.send('sim:recall');
    await second.turnsEnded(1);
    expect(textsOf(second.messages)).toEqual(['Before this you told me:\n1. My dog is called Rex.']);
  });
});
