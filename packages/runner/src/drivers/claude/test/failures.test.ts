import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { installedClaude } from './installation.ts';
import type { Scene } from './scene.ts';
import { test } from './test.ts';
import { eventually, isAlive } from './waiting.ts';

/** Begins a tool call that runs until it is ended, and gives the pid of the agent and of the tool's own process. */
async function beginEndlessTool(scene: Scene) {
  const turn = scene.begin('sim:shell cmd="tail -f /dev/null & echo $! > pid; wait"');
  let tool = 0;
  await eventually('the pid of the tool', async () => {
    tool = Number(await readFile(join(scene.folders.workspace, 'pid'), 'utf8').catch(() => '0'));
    return tool > 0;
  });
  return { turn, tool, agent: scene.processes.at(-1) as number };
}

test('an error of the model fails the turn, and the next one works in the same program', async ({
  start,
}) => {
  const scene = await start();
  const end = await scene.say('sim:error status=400 message="too hot"');
  expect(end).toMatchObject({ outcome: 'failed', code: 'model_error', retryable: false });
  expect(end).toMatchObject({ message: expect.stringContaining('too hot') });
  expect(scene.blocks('system')).toMatchObject([{ subtype: 'model_error', status: 'error' }]);
  expect(await scene.say('sim:text')).toMatchObject({ outcome: 'completed' });
  expect(scene.processes).toHaveLength(1);
});

test('an overloaded model is asked again until it answers', async ({ start }) => {
  const scene = await start();
  expect(await scene.say('sim:error status=529 times=2')).toMatchObject({ outcome: 'completed' });
  expect(scene.blocks('assistant_text')).toMatchObject([
    { content: expect.stringContaining('2 failed tries') },
  ]);
});

test('a model that stays overloaded fails the turn as retryable', async ({ start }) => {
  const scene = await start({ environment: { CLAUDE_CODE_MAX_RETRIES: '1' } });
  const end = await scene.say('sim:error status=503');
  expect(end).toMatchObject({ outcome: 'failed', code: 'model_error', retryable: true });
});

test('what a broken answer said is taken back, and said once', async ({ start }) => {
  const scene = await start();
  const end = await scene.say('sim:error status=529 times=1 after=5');
  expect(end).toMatchObject({ outcome: 'completed' });
  expect(scene.events.map(({ type }) => type)).toContain('block:discarded');
  expect(scene.blocks('assistant_text').map(({ content }) => content)).toEqual([
    expect.stringContaining('Here I am again'),
  ]);
});

test('an agent that is killed while it rests is replaced, and a message of that very moment is answered', async ({
  start,
}) => {
  const scene = await start();
  await scene.say('The password is swordfish.');
  const [agent = 0] = scene.processes;
  process.kill(agent, 'SIGKILL');
  // Without a pause: what tells of its death is on its way still.
  for (let turns = 0; turns < 10_000 && (await isAlive(agent)); turns += 1) await new Promise(setImmediate);
  expect(await scene.say('sim:recall')).toMatchObject({ outcome: 'completed' });
  expect(scene.blocks('assistant_text').at(-1)?.content).toContain('swordfish');
  expect(scene.processes).toHaveLength(2);
});

test('a message that was given to an agent which dies before it takes it up is given to the next one', async ({
  start,
}) => {
  const scene = await start();
  await scene.say('The password is swordfish.');
  const [agent = 0] = scene.processes;
  // It lives and can be written to, and takes nothing up.
  process.kill(agent, 'SIGSTOP');
  const turn = scene.begin('sim:recall');
  for (let turns = 0; turns < 1_000; turns += 1) await new Promise(setImmediate);
  const messageId = crypto.randomUUID();
  await scene.driver.steer?.({ turnId: turn.turnId, messageId, content: 'In capitals, please.' });
  process.kill(agent, 'SIGKILL');
  expect(await scene.finish(turn)).toMatchObject({ outcome: 'completed' });
  expect(scene.blocks('assistant_text').some(({ content }) => content.includes('swordfish'))).toBe(true);
  expect(scene.requests.at(-1)).toContain('In capitals, please.');
  expect(await scene.driver.knowsMessage(messageId)).toBe(true);
  expect(scene.processes).toHaveLength(2);
  expect(scene.logs).toContainEqual(expect.stringContaining('another is given it'));
});

test('a message that no agent lives to take up is given to two, and its turn fails', async ({ start }) => {
  const scene = await start();
  const turn = scene.begin('sim:text');
  for (const agents of [1, 2]) {
    await eventually('an agent', async () => scene.processes.length === agents);
    process.kill(scene.processes.at(-1) as number, 'SIGKILL');
  }
  expect(await scene.finish(turn)).toMatchObject({ outcome: 'failed', code: 'agent_lost', retryable: true });
  expect(scene.processes).toHaveLength(2);
  expect(await scene.say('sim:text')).toMatchObject({ outcome: 'completed' });
});

test('a message that another agent is given can be interrupted', async ({ start }) => {
  const scene = await start();
  const turn = scene.begin('sim:slow tokens=2000 rate=20');
  await eventually('an agent', async () => scene.processes.length === 1);
  process.kill(scene.processes[0] as number, 'SIGKILL');
  await eventually('the end of the agent', async () =>
    scene.logs.some((line) => line.includes('another is given it')),
  );
  await scene.driver.interrupt();
  expect(await scene.finish(turn)).toMatchObject({ outcome: 'interrupted' });
});

test('an agent that is killed fails its turn, takes its tools along, and resumes with the next prompt', async ({
  start,
}) => {
  const scene = await start();
  await scene.say('The password is swordfish.');
  const { turn, tool, agent } = await beginEndlessTool(scene);
  process.kill(agent, 'SIGKILL');
  const end = await scene.finish(turn);
  expect(end).toMatchObject({ outcome: 'failed', code: 'agent_lost', retryable: true });
  expect(await isAlive(tool)).toBe(false);
  expect(scene.blocks('tool_result')).toMatchObject([{ isError: true, status: 'error' }]);
  expect(scene.state().conversation.blocks.every(({ status }) => status !== 'pending')).toBe(true);

  expect(await scene.say('sim:recall')).toMatchObject({ outcome: 'completed' });
  expect(scene.blocks('assistant_text').at(-1)?.content).toContain('The password is swordfish.');
  expect(scene.processes).toHaveLength(2);
});

test('an agent that dies between turns is started again, unseen', async ({ start }) => {
  const scene = await start();
  await scene.say('The password is swordfish.');
  process.kill(scene.processes[0] as number, 'SIGKILL');
  await eventually('the end of the agent', async () => !(await isAlive(scene.processes[0] as number)));
  await eventually('an answer', async () => (await scene.say('sim:recall')).outcome === 'completed');
  expect(scene.blocks('assistant_text').at(-1)?.content).toContain('The password is swordfish.');
});

test('an ask that is open when the agent dies is dropped', async ({ start }) => {
  const scene = await start({ profile: { permissionMode: 'ask' } });
  const turn = scene.begin('sim:write path=a.txt');
  const { requestId } = await scene.until('the ask', () => scene.state().session.pending.permissions[0]);
  process.kill(scene.processes[0] as number, 'SIGKILL');
  expect(await scene.finish(turn)).toMatchObject({ code: 'agent_lost' });
  await scene.driver.answerPermission(requestId, { decision: 'allow' });
  expect(await scene.say('sim:text')).toMatchObject({ outcome: 'completed' });
});

test('a program that cannot be started fails the turn and says why', async ({ start }) => {
  const installation = { ...installedClaude(), executable: '/nowhere/claude' };
  const scene = await start({ setup: { installation } });
  const end = await scene.say('sim:text');
  expect(end).toMatchObject({ outcome: 'failed', message: expect.stringContaining('/nowhere/claude') });
});

test('stopping while the agent is being started leaves none behind, and gives it no message', async ({
  start,
}) => {
  const scene = await start();
  const turn = scene.begin('sim:text');
  await scene.driver.stop();
  expect(scene.requests).toEqual([]);
  expect(await scene.driver.knowsMessage(turn.messageId)).toBe(false);
  expect(await scene.finish(turn)).toMatchObject({ outcome: expect.any(String) });
  expect(await Promise.all(scene.processes.map(isAlive))).not.toContain(true);
});

test('stopping ends the agent and what it started', async ({ start }) => {
  const scene = await start();
  const { turn, tool, agent } = await beginEndlessTool(scene);
  await scene.driver.stop();
  expect(await scene.finish(turn)).toMatchObject({
    outcome: expect.any(String),
  });
  expect(await Promise.all([agent, tool].map(isAlive))).toEqual([false, false]);
});
