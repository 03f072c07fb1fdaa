import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useRecordedModel } from './model.ts';
import { type Scene, startScene, withinDeadline } from './scene.ts';

const model = useRecordedModel();

const fileIn = (scene: Scene, name: string) => readFile(join(scene.folders.workspace, name), 'utf8');
const askOf = (scene: Scene, index = 0) =>
  scene.until('the ask', () => scene.state().session.pending.permissions[index]);
const ask = { permissionMode: 'ask' } as const;

test('a tool that is allowed runs', async () => {
  const scene = await startScene({ modelUrl: model.url, profile: ask });
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
  expect(await withinDeadline(turn.ended, 'the end of the turn')).toMatchObject({ outcome: 'completed' });
  expect(await fileIn(scene, 'a.txt')).toContain('allowed');
});

test('a tool runs with the input that the user made of it', async () => {
  const scene = await startScene({ modelUrl: model.url, profile: ask });
  const turn = scene.begin('sim:write path=a.txt content=original');
  const { requestId, input } = await askOf(scene);
  const updatedInput = { ...(input as object), content: 'edited' };
  await scene.driver.answerPermission(requestId, { decision: 'allow', updatedInput });
  await withinDeadline(turn.ended, 'the end of the turn');
  expect(await fileIn(scene, 'a.txt')).toBe('edited');
});

test('a tool that is denied does not run, and the agent is told why', async () => {
  const scene = await startScene({ modelUrl: model.url, profile: ask });
  const turn = scene.begin('sim:write path=a.txt');
  const { requestId } = await askOf(scene);
  await scene.driver.answerPermission(requestId, { decision: 'deny', message: 'Not on a Sunday' });
  expect(await withinDeadline(turn.ended, 'the end of the turn')).toMatchObject({ outcome: 'completed' });
  await expect(fileIn(scene, 'a.txt')).rejects.toThrow();
  expect(scene.blocks('tool_result')).toMatchObject([{ isError: true, output: 'Not on a Sunday' }]);
});

test('a tool that is always allowed is not asked about again, and leaves no rule in the workspace', async () => {
  const scene = await startScene({ modelUrl: model.url, profile: ask });
  const turn = scene.begin('sim:write path=a.txt');
  const { requestId } = await askOf(scene);
  await scene.driver.answerPermission(requestId, { decision: 'allow_always' });
  await withinDeadline(turn.ended, 'the end of the turn');
  expect(await scene.say('sim:write path=b.txt content=second')).toMatchObject({ outcome: 'completed' });
  expect(await fileIn(scene, 'b.txt')).toContain('second');
  expect(scene.events.filter(({ type }) => type === 'permission:requested')).toHaveLength(1);
  await expect(fileIn(scene, '.claude/settings.local.json')).rejects.toThrow();
});

test('tools that the session allows are never asked about', async () => {
  const setup = { allowedTools: ['Write'] };
  const scene = await startScene({ modelUrl: model.url, profile: ask, setup });
  expect(await scene.say('sim:write path=a.txt content=free')).toMatchObject({ outcome: 'completed' });
  expect(await fileIn(scene, 'a.txt')).toContain('free');
});

test('the options of the session may ask where the profile would allow', async () => {
  const setup = { sessionOptions: { permissionMode: 'ask' } };
  const scene = await startScene({ modelUrl: model.url, setup });
  const turn = scene.begin('sim:write path=a.txt');
  const { requestId } = await askOf(scene);
  await scene.driver.answerPermission(requestId, { decision: 'allow' });
  expect(await withinDeadline(turn.ended, 'the end of the turn')).toMatchObject({ outcome: 'completed' });
});

test('an ask of a subagent names its conversation', async () => {
  const scene = await startScene({ modelUrl: model.url, profile: ask });
  const turn = scene.begin('sim:subagent prompt="sim:write path=sub.txt content=deep"');
  const request = await askOf(scene);
  expect(request.conversationId).toBe(scene.state().conversation.subagents[0]?.id);
  await scene.driver.answerPermission(request.requestId, { decision: 'allow' });
  expect(await withinDeadline(turn.ended, 'the end of the turn')).toMatchObject({ outcome: 'completed' });
  expect(await fileIn(scene, 'sub.txt')).toContain('deep');
});

test.each(['allow', 'ask'] as const)(
  'in mode %s a question reaches the user, and the answer the agent',
  async (mode) => {
    const scene = await startScene({ modelUrl: model.url, profile: { permissionMode: mode } });
    const turn = scene.begin('sim:question text="Which colour?"');
    const request = await scene.until('the question', () => scene.state().session.pending.questions[0]);
    expect(request.questions).toMatchObject([
      { question: 'Which colour?', options: [{ label: 'Red' }, { label: 'Blue' }] },
    ]);
    await scene.driver.answerQuestion(request.requestId, { 'Which colour?': 'Blue' });
    expect(await withinDeadline(turn.ended, 'the end of the turn')).toMatchObject({ outcome: 'completed' });
    expect(JSON.stringify(scene.blocks('tool_result'))).toContain('Blue');
  },
);

test('answers to unknown requests are ignored', async () => {
  const scene = await startScene({ modelUrl: model.url });
  await scene.driver.answerPermission('unknown', { decision: 'allow' });
  await scene.driver.answerQuestion('unknown', {});
  expect(await scene.say('sim:text')).toMatchObject({ outcome: 'completed' });
});
