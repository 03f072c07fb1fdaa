import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { test } from './test.ts';

test('thinking and text arrive in pieces, and stand complete at the end of the turn', async ({ start }) => {
  const scene = await start();
  const end = await scene.say('sim:thinking thought="first I think" content="then I speak"');
  expect(end).toMatchObject({ outcome: 'completed', usage: { outputTokens: expect.any(Number) } });
  expect(scene.blocks('thinking')).toMatchObject([{ content: 'first I think', status: 'complete' }]);
  expect(scene.blocks('assistant_text')).toMatchObject([{ content: 'then I speak', status: 'complete' }]);
  expect(scene.events.filter(({ type }) => type === 'block:delta').length).toBeGreaterThan(2);
});

test('a command runs and a file is written in the workspace', async ({ start }) => {
  const scene = await start();
  await scene.say('sim:shell-and-write path=hello.txt content="written by the agent" cmd="pwd"');
  expect(await readFile(join(scene.folders.workspace, 'hello.txt'), 'utf8')).toContain(
    'written by the agent',
  );
  expect(scene.blocks('tool_use').map((block) => block.toolName)).toEqual(['Bash', 'Write']);
  const [command] = scene.blocks('tool_result');
  expect(command).toMatchObject({ isError: false, output: expect.stringContaining(scene.folders.workspace) });
});

test('the second turn remembers the first, in the same program', async ({ start }) => {
  const scene = await start();
  await scene.say('The password is swordfish.');
  await scene.say('sim:recall');
  expect(scene.blocks('assistant_text').at(-1)?.content).toContain('The password is swordfish.');
  expect(scene.processes).toHaveLength(1);
});

test('a message given to a running turn is taken up before the turn ends', async ({ start }) => {
  const scene = await start();
  const turn = scene.begin('sim:long-shell seconds=1');
  await scene.until('the call of the shell', () => scene.blocks('tool_use')[0]);
  const messageId = crypto.randomUUID();
  await scene.driver.steer?.({ turnId: turn.turnId, messageId, content: 'Count in fives instead.' });
  expect(await turn.ended).toMatchObject({ outcome: 'completed' });
  expect(scene.blocks('user_message')).toMatchObject([{ id: messageId, turnId: turn.turnId }]);
  expect(scene.requests.at(-1)).toContain('Count in fives instead.');
});

test('a message that steers a turn whose agent is being started follows the prompt', async ({ start }) => {
  const scene = await start();
  const turn = scene.begin('sim:text');
  const messageId = crypto.randomUUID();
  const steering = { turnId: turn.turnId, messageId, content: 'Count in fives instead.' };
  await scene.driver.steer?.(steering);
  expect(scene.processes).toHaveLength(1);
  expect(await scene.finish(turn)).toMatchObject({ outcome: 'completed' });
  expect(await scene.driver.knowsMessage(messageId)).toBe(true);
});

test('a message that steers a turn which ends before its agent was started is refused', async ({ start }) => {
  const scene = await start();
  const turn = scene.begin('sim:text');
  const steering = { turnId: turn.turnId, messageId: crypto.randomUUID(), content: 'Never heard.' };
  const steered = scene.driver.steer?.(steering);
  await scene.driver.interrupt();
  expect(await scene.finish(turn)).toMatchObject({ outcome: 'interrupted' });
  await expect(steered).rejects.toMatchObject({ code: 'not_running' });
});

test('a message cannot steer a turn that is over', async ({ start }) => {
  const scene = await start();
  const turn = scene.begin('sim:text');
  await scene.finish(turn);
  const late = { turnId: turn.turnId, messageId: crypto.randomUUID(), content: 'Too late.' };
  await expect(scene.driver.steer?.(late)).rejects.toMatchObject({ code: 'not_running' });
});

test('a message that the agent has had is not run again', async ({ start }) => {
  const scene = await start();
  const first = scene.begin('sim:text');
  await first.ended;
  const again = await scene.begin('sim:text', first.messageId).ended;
  expect(again).toMatchObject({ outcome: 'failed', code: 'agent_error', retryable: false });
  expect(scene.blocks('assistant_text')).toHaveLength(1);
});

test('a subagent in the foreground has a conversation of its own', async ({ start }) => {
  const scene = await start();
  await scene.say('sim:subagent cmd="echo from the subagent"');
  const [subagent] = scene.state().conversation.subagents;
  expect(subagent?.status).toBe('complete');
  expect(subagent?.blocks.map(({ type }) => type)).toContain('tool_use');
  expect(JSON.stringify(subagent?.blocks)).toContain('from the subagent');
  expect(scene.blocks('subagent')).toMatchObject([{ subagentId: subagent?.id, status: 'complete' }]);
});

test('a turn ends only when its subagent in the background rests', async ({ start }) => {
  const scene = await start();
  const turn = scene.begin('sim:subagent background=true cmd="sleep 1; echo late"');
  await scene.until('the answer of the agent', () =>
    scene.blocks('assistant_text').some(({ content }) => content.includes('works in the background')),
  );
  expect(scene.state().conversation.subagents).toMatchObject([{ status: 'pending' }]);
  expect(await turn.ended).toMatchObject({ outcome: 'completed' });
  expect(scene.state().conversation.subagents).toMatchObject([{ status: 'complete' }]);
});

test('tools of an MCP server are there in the first turn', async ({ start }) => {
  const scene = await start({
    profile: {
      mcpServers: {
        echo: { command: process.execPath, args: ['echo.mjs'], env: { GREETING: 'hello from' } },
      },
    },
  });
  await writeFile(join(scene.folders.workspace, 'echo.mjs'), ECHO_SERVER);
  await scene.say('sim:mcp tool=mcp__echo__say text=afar');
  expect(JSON.stringify(scene.blocks('tool_result'))).toContain('hello from afar');
});

/** The smallest MCP server with one tool: JSON-RPC, a line a message. */
const ECHO_SERVER = `
import { createInterface } from 'node:readline';
const answers = {
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'echo', version: '1' } }),
  'tools/list': () => ({ tools: [{ name: 'say', description: 'Says it', inputSchema: { type: 'object', properties: { text: { type: 'string' } } } }] }),
  'tools/call': ({ arguments: { text } }) => ({ content: [{ type: 'text', text: process.env.GREETING + ' ' + text }] }),
};
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) continue;
  const result = answers[method]?.(params) ?? {};
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
}
`;
