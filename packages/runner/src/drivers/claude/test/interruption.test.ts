import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { test } from './test.ts';
import { eventually, isAlive } from './waiting.ts';

test('an interrupt stops the text, keeps what was said, and the next turn works', async ({ start }) => {
  const scene = await start();
  const turn = scene.begin('sim:slow tokens=2000 rate=50');
  await scene.until('the first words', () => scene.events.filter(({ type }) => type === 'block:delta')[3]);
  await scene.driver.interrupt();
  expect(await scene.finish(turn)).toEqual({ outcome: 'interrupted' });
  const [text] = scene.blocks('assistant_text');
  expect(text?.content).toContain('word1');
  expect(text?.content).not.toContain('word2000');
  expect(scene.state().conversation.blocks.every(({ status }) => status !== 'pending')).toBe(true);
  expect(await scene.say('sim:text')).toMatchObject({ outcome: 'completed' });
  expect(scene.processes).toHaveLength(1);
});

test('an interrupt ends the processes of a running tool', async ({ start }) => {
  const scene = await start();
  const turn = scene.begin('sim:shell cmd="tail -f /dev/null & echo $! > pids; echo $$ >> pids; wait"');
  const pids = async () =>
    (await readFile(join(scene.folders.workspace, 'pids'), 'utf8').catch(() => ''))
      .trim()
      .split('\n')
      .map(Number);
  await eventually('the pids of the tool', async () => (await pids()).length === 2);
  const [child, shell] = (await pids()) as [number, number];
  await scene.driver.interrupt();
  expect(await scene.finish(turn)).toEqual({ outcome: 'interrupted' });
  await eventually(
    'the end of the processes',
    async () => !(await isAlive(child)) && !(await isAlive(shell)),
  );
  expect(scene.blocks('tool_result')).toMatchObject([{ isError: true, status: 'error' }]);
});

test('an interrupt right after the prompt is not lost', async ({ start }) => {
  const scene = await start();
  const turn = scene.begin('sim:long-shell seconds=60');
  await scene.driver.interrupt();
  expect(await scene.finish(turn)).toEqual({ outcome: 'interrupted' });
  expect(await scene.say('sim:text')).toMatchObject({ outcome: 'completed' });
});

test('an interrupt that overtakes its message in a running program is not lost', async ({ start }) => {
  const scene = await start();
  await scene.say('sim:text');
  const turn = scene.begin('sim:long-shell seconds=60');
  await scene.driver.interrupt();
  expect(await scene.finish(turn)).toEqual({ outcome: 'interrupted' });
});

test('an interrupt without a turn does nothing', async ({ start }) => {
  const scene = await start();
  await scene.driver.interrupt();
  expect(scene.events).toEqual([]);
});

test('an interrupt drops an open ask, and a late answer to it is ignored', async ({ start }) => {
  const scene = await start({ profile: { permissionMode: 'ask' } });
  const turn = scene.begin('sim:write path=a.txt');
  const request = await scene.until('the ask', () => scene.state().session.pending.permissions[0]);
  await scene.driver.interrupt();
  expect(await scene.finish(turn)).toEqual({ outcome: 'interrupted' });
  await scene.driver.answerPermission(request.requestId, { decision: 'allow' });
  await expect(readFile(join(scene.folders.workspace, 'a.txt'))).rejects.toThrow();
});
