import { expect, it, vi } from 'vitest';
import { webhook } from '../src/webhook.ts';
import { startReceiver } from './receiver.ts';
import { newSession, startRuntime } from './runtime.ts';

it('posts the end of each turn, with what tells one from another', async () => {
  const [runtime, receiver] = await Promise.all([startRuntime(), startReceiver()]);
  webhook(runtime, { url: receiver.url });
  const { sessionId, send } = await newSession(runtime);
  const [completed, failed] = [await send('say hello'), await send('fail no luck today')];

  const posted = (await receiver.untilPosted(2)).toSorted((one, other) => one.seq - other.seq);
  expect(posted).toMatchObject([
    { type: 'turn:completed', sessionId, payload: { turnId: completed } },
    {
      type: 'turn:failed',
      sessionId,
      payload: { turnId: failed, message: expect.stringContaining('no luck') },
    },
  ]);
});

it('tries again until the receiver takes it', async () => {
  const [runtime, receiver] = await Promise.all([
    startRuntime(),
    startReceiver((post) => [500, 429, 204][post] ?? 204),
  ]);
  const onFailure = vi.fn();
  webhook(runtime, { url: receiver.url, pauseMs: 1, onFailure });
  const { send } = await newSession(runtime);
  await send('say hello');

  const [first, ...again] = await receiver.untilPosted(3);
  expect(again).toEqual([first, first]);

  await send('say more');
  expect((await receiver.untilPosted(4)).at(-1)?.seq).toBeGreaterThan(first?.seq ?? 0);
  expect(onFailure).not.toHaveBeenCalled();
});

it('tells when it gives a delivery up, and goes on with the next', async () => {
  const [runtime, receiver] = await Promise.all([startRuntime(), startReceiver(() => 503)]);
  const failures: unknown[] = [];
  webhook(runtime, { url: receiver.url, pauseMs: 1, onFailure: (error) => failures.push(error) });
  const { send } = await newSession(runtime);
  await send('say hello');
  await vi.waitUntil(() => failures.length === 1, { timeout: 20_000 });
  expect(String(failures[0])).toContain('answered 503');

  const before = receiver.posted.length;
  await send('say more');
  await receiver.untilPosted(before + 1);
});

it('holds up neither turns nor other receivers while one does not answer', async () => {
  const [runtime, stuck, well] = await Promise.all([
    startRuntime(),
    startReceiver(() => 'hang'),
    startReceiver(),
  ]);
  webhook(runtime, { url: stuck.url, onFailure: () => {} });
  webhook(runtime, { url: well.url });
  const { send } = await newSession(runtime);
  await send('say one');
  await stuck.untilPosted(1);
  const later = await send('say two');

  expect((await well.untilPosted(2)).at(-1)).toMatchObject({ payload: { turnId: later } });
  expect(stuck.posted).toHaveLength(1);
});

it('posts nothing more once it is stopped', async () => {
  const [runtime, stopped, other] = await Promise.all([startRuntime(), startReceiver(), startReceiver()]);
  const stop = webhook(runtime, { url: stopped.url });
  webhook(runtime, { url: other.url });
  stop();
  const { send } = await newSession(runtime);
  await send('say hello');
  await other.untilPosted(1);
  expect(stopped.posted).toEqual([]);
});
