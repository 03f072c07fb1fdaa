import { afterAll, beforeAll, expect } from 'vitest';
import { test } from './test.ts';

beforeAll(() => {
  process.env.SECRET_OF_THE_RUNNER = 'hunter2';
});
afterAll(() => {
  delete process.env.SECRET_OF_THE_RUNNER;
});

test('the agent inherits nothing of the environment of the runner', async ({ start }) => {
  const scene = await start();
  await scene.say('sim:shell cmd="env"');
  const [{ output } = { output: '' }] = scene.blocks('tool_result');
  expect(output).toContain(`HOME=${scene.folders.home}`);
  expect(output).not.toContain('hunter2');
});

test("the runner's bridge to the model wins over the environment", async ({ start }) => {
  const scene = await start({ bridge: true });
  expect(await scene.say('sim:text')).toMatchObject({ outcome: 'completed' });
});

test('a setup without an installation is refused at the start', async ({ start }) => {
  const starting = start({ setup: { installation: {} } });
  await expect(starting).rejects.toMatchObject({ code: 'agent_not_installed' });
});

test('an SDK that is not there is refused at the start', async ({ start }) => {
  const installation = { sdk: '/nowhere/sdk.mjs', executable: '/nowhere/claude' };
  const starting = start({ setup: { installation } });
  await expect(starting).rejects.toMatchObject({ code: 'agent_not_installed' });
});

test('a wrong session option is refused by name, an unknown one is logged', async ({ start }) => {
  const starting = start({ setup: { sessionOptions: { maxTurns: 'many' } } });
  await expect(starting).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('maxTurns'),
  });
  const scene = await start({ setup: { sessionOptions: { colour: 'red' } } });
  expect(scene.logs.join('\n')).toContain('colour');
});

test('session options reach the model', async ({ start }) => {
  const sessionOptions = { model: 'claude-sonnet-4-5', thinking: { type: 'disabled' } };
  const scene = await start({ setup: { sessionOptions } });
  await scene.say('sim:text');
  const request = JSON.parse(scene.requests.at(-1) ?? '{}');
  expect(request.model).toBe('claude-sonnet-4-5');
  expect(request.thinking).not.toMatchObject({ type: 'adaptive' });
});
