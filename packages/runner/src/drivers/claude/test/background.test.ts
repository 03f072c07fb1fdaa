import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { test } from './test.ts';

const WORDS = Array.from({ length: 400 }, (_, index) => `later${index}`).join(' ');
const UNTIL_GO = 'until [ -e go ]; do sleep 0.05; done; echo over';

test('a background command outlives its turn, and counts until it ends', async ({ start }) => {
  const scene = await start();
  const end = await scene.say(`sim:shell background=true cmd="${UNTIL_GO}"`);
  expect(end).toMatchObject({ outcome: 'completed' });
  expect(scene.driver.backgroundTasks?.()).toBe(1);
  expect(scene.alone).toEqual([]);
  await writeFile(join(scene.folders.workspace, 'go'), '');
  await scene.until('a turn of its own', () => scene.alone[0]);
  expect(scene.driver.backgroundTasks?.()).toBe(0);
});

// [TURN-agent-begins]
test('what a background command wakes Claude to is a turn that it begins by itself', async ({ start }) => {
  const scene = await start();
  await scene.say(`sim:shell background=true cmd="${UNTIL_GO}" later="It is over."`);
  await writeFile(join(scene.folders.workspace, 'go'), '');
  const alone = await scene.until('a turn of its own', () => scene.alone[0]);
  const end = await scene.finish(alone);
  expect(end).toMatchObject({ outcome: 'completed', usage: { outputTokens: expect.any(Number) } });
  const said = scene.blocks('assistant_text').find(({ content }) => content === 'It is over.');
  expect(said?.status).toBe('complete');
  const events = scene.events.filter(({ turnId }) => turnId === alone.turnId);
  expect(events.map(({ type }) => type)).toContain('turn:started');
  const transcript = await scene.driver.exportTranscript();
  expect(transcript?.main).toContain('It is over.');
  expect(await scene.say('sim:text')).toMatchObject({ outcome: 'completed' });
});

test('such a turn can be interrupted, and the next message works', async ({ start }) => {
  const scene = await start();
  await scene.say(`sim:shell background=true cmd="${UNTIL_GO}" later="${WORDS}" rate=40`);
  await writeFile(join(scene.folders.workspace, 'go'), '');
  const alone = await scene.until('a turn of its own', () => scene.alone[0]);
  await scene.until('its first words', () =>
    scene.blocks('assistant_text').some(({ content }) => content.includes('later1')),
  );
  await scene.driver.interrupt();
  expect(await scene.finish(alone)).toEqual({ outcome: 'interrupted' });
  expect(scene.state().conversation.blocks.every(({ status }) => status !== 'pending')).toBe(true);
  expect(await scene.say('sim:text')).toMatchObject({ outcome: 'completed' });
});
