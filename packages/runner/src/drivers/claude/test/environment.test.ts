import { afterEach, expect, test } from 'vitest';
import { useRecordedModel } from './model.ts';
import { startScene } from './scene.ts';

const model = useRecordedModel();

afterEach(() => {
  delete process.env.SECRET_OF_THE_RUNNER;
});

test('the agent inherits nothing of the environment of the runner', async () => {
  process.env.SECRET_OF_THE_RUNNER = 'hunter2';
  const scene = await startScene({ modelUrl: model.url });
  await scene.say('sim:shell cmd="env"');
  const [{ output } = { output: '' }] = scene.blocks('tool_result');
  expect(output).toContain(`HOME=${scene.folders.home}`);
  expect(output).not.toContain('hunter2');
});

test("the runner's bridge to the model wins over the environment", async () => {
  const environment = { ANTHROPIC_BASE_URL: 'http://127.0.0.1:9', ANTHROPIC_API_KEY: 'token' };
  const scene = await startScene({ modelUrl: model.url, bridge: true, setup: { environment } });
  expect(await scene.say('sim:text')).toMatchObject({ outcome: 'completed' });
});

test('a setup without an installation is refused at the start', async () => {
  const starting = startScene({ modelUrl: model.url, setup: { installation: {} } });
  await expect(starting).rejects.toMatchObject({ code: 'agent_not_installed' });
});

test('an SDK that is not there is refused at the start', async () => {
  const installation = { sdk: '/nowhere/sdk.mjs', executable: '/nowhere/claude' };
  const starting = startScene({ modelUrl: model.url, setup: { installation } });
  await expect(starting).rejects.toMatchObject({ code: 'agent_not_installed' });
});

test('a wrong session option is refused by name, an unknown one is logged', async () => {
  const starting = startScene({ modelUrl: model.url, setup: { sessionOptions: { maxTurns: 'many' } } });
  await expect(starting).rejects.toMatchObject({ code: 'invalid_request', message: /maxTurns/ });
  const scene = await startScene({ modelUrl: model.url, setup: { sessionOptions: { colour: 'red' } } });
  expect(scene.logs.join('\n')).toContain('colour');
});

test('session options reach the model', async () => {
  model.forget();
  const sessionOptions = { model: 'claude-sonnet-4-5', thinking: { type: 'disabled' } };
  const scene = await startScene({ modelUrl: model.url, setup: { sessionOptions } });
  await scene.say('sim:text');
  const request = JSON.parse(model.requests.at(-1) ?? '{}');
  expect(request.model).toBe('claude-sonnet-4-5');
  expect(request.thinking).not.toMatchObject({ type: 'adaptive' });
});
