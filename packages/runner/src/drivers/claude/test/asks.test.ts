import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Scene } from './scene.ts';
import { test } from './test.ts';

const fileIn = (scene: Scene, name: string) => readFile(join(scene.folders.workspace, name), 'utf8');
const askOf = (scene: Scene, index = 0) =>
  scene.until('the ask', () => scene.state().session.pending.permissions[index]);
const ask = { permissionMode: 'ask' } as const;

test('a tool that is allowed runs', async ({ start }) => {
  const scene = await start({ profile: ask });
  const turn = scene.begin('sim:write path=a.txt content=allowed');
  const request = await askOf(scene);
  const [call] = scene.blocks('tool_use');
  expect(request).toMatchObject({
    toolName: 'Write',
    toolUseId: call?.toolUseId,
    input: { content: 'allowed' },
    conversationId: 'main',
  });
  expect(request.suggestions?.length).toBeGreaterThan(0);
  await scene.driver.answerPermission(request.requestId, { decision: 'allow' });
  expect(await scene.finish(turn)).toMatchObject({ outcome: 'completed' });
  expect(await fileIn(scene, 'a.txt')).toContain('allowed');
});

test('a tool runs with the input that the user made of it', async ({ start }) => {
  const scene = await start({ profile: ask });
  const turn = scene.begin('sim:write path=a.txt content=original');
  const { requestId, input } = await askOf(scene);
  const updatedInput = { ...(input as object), content: 'edited' };
  await scene.driver.answerPermission(requestId, { decision: 'allow', updatedInput });
  await scene.finish(turn);
  expect(await fileIn(scene, 'a.txt')).toBe('edited');
});

test('a tool that is denied does not run, and the agent is told why', async ({ start }) => {
  // The session may ask where its profile would allow.
  const scene = await start({ setup: { sessionOptions: ask } });
  const turn = scene.begin('sim:write path=a.txt');
  const { requestId } = await askOf(scene);
  await scene.driver.answerPermission(requestId, { decision: 'deny', message: 'Not on a Sunday' });
  expect(await scene.finish(turn)).toMatchObject({ outcome: 'completed' });
  await expect(fileIn(scene, 'a.txt')).rejects.toThrow();
  expect(scene.blocks('tool_result')).toMatchObject([{ isError: true, output: 'Not on a Sunday' }]);
});

test('a tool that is always allowed is not asked about again, and leaves no rule in the workspace', async ({
  start,
}) => {
  const scene = await start({ profile: ask });
  const turn = scene.begin('sim:write path=a.txt');
  const { requestId } = await askOf(scene);
  await scene.driver.answerPermission(requestId, { decision: 'allow_always' });
  await scene.finish(turn);
  expect(await scene.say('sim:write path=b.txt content=second')).toMatchObject({ outcome: 'completed' });
  expect(await fileIn(scene, 'b.txt')).toContain('second');
  expect(scene.events.filter(({ type }) => type === 'permission:requested')).toHaveLength(1);
  await expect(fileIn(scene, '.claude/settings.local.json')).rejects.toThrow();
});

test('tools that the session allows are never asked about', async ({ start }) => {
  const setup = { allowedTools: ['Write'] };
  const scene = await start({ profile: ask, setup });
  expect(await scene.say('sim:write path=a.txt content=free')).toMatchObject({ outcome: 'completed' });
  expect(await fileIn(scene, 'a.txt')).toContain('free');
});

test('an ask of a subagent names its conversation', async ({ start }) => {
  const scene = await start({ profile: ask });
  const turn = scene.begin('sim:subagent prompt="sim:write path=sub.txt content=deep"');
  const request = await askOf(scene);
  expect(request.conversationId).toBe(scene.state().conversation.subagents[0]?.id);
  await scene.driver.answerPermission(request.requestId, { decision: 'allow' });
  expect(await scene.finish(turn)).toMatchObject({ outcome: 'completed' });
  expect(await fileIn(scene, 'sub.txt')).toContain('deep');
});

test('a question reaches the user though all tools are allowed, and the answer reaches the agent', async ({
  start,
}) => {
  const scene = await start();
  const turn = scene.begin('sim:question text="Which colour?"');
  const request = await scene.until('the question', () => scene.state().session.pending.questions[0]);
  expect(request.questions).toMatchObject([
    { question: 'Which colour?', options: [{ label: 'Red' }, { label: 'Blue' }] },
  ]);
  await scene.driver.answerQuestion(request.requestId, { 'Which colour?': 'Blue' });
  expect(await scene.finish(turn)).toMatchObject({ outcome: 'completed' });
  expect(JSON.stringify(scene.blocks('tool_result'))).toContain('Blue');
});
