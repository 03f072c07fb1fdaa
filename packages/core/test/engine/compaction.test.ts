import { describe, expect, it } from 'vitest';
import type { EngineSettings } from '../../src/settings.ts';
import { createWorld } from '../doubles/world.ts';

/** A session that streamed a long block, which was then written whole, and went on. */
async function sessionWithDeltas(settings: Partial<EngineSettings>) {
  const world = await createWorld({ settings: { snapshotEvery: 5, ...settings } });
  const session = await world.session();
  await session.send();
  await session.untilQuiet();
  const runner = session.runner();
  runner.behaviour = 'begin';
  await session.send('more');
  await session.untilEvent('turn:started', 2);
  const timestamp = new Date(world.clock.now()).toISOString();
  runner.emit('block:upsert', {
    block: { id: 'long', type: 'assistant_text', content: '', timestamp, status: 'pending' },
  });
  for (let count = 0; count < 10; count += 1) runner.emit('block:delta', { blockId: 'long', delta: 'x' });
  runner.say('x'.repeat(10), 'long');
  runner.complete();
  await session.untilQuiet();
  await world.clock.advance(1000);
  runner.behaviour = 'answer';
  await session.send('yet more');
  await session.untilQuiet();
  await world.clock.advance(1000);
  return { world, session };
}

describe('deltas of a block that was written whole', () => {
  it('go when they are old enough', async () => {
    const { session } = await sessionWithDeltas({ keepEvents: 2, keepEventsMs: 0 });
    expect(session.of('block:delta')).toEqual([]);
  });

  // [LAW-05-recent-kept]
  it.each([
    ['among the last events', { keepEvents: 1000, keepEventsMs: 0 }],
    ['younger than the time that events are kept', { keepEvents: 2, keepEventsMs: 86_400_000 }],
  ])('stay while they are %s', async (_what, settings) => {
    const { world, session } = await sessionWithDeltas(settings);
    expect(session.of('block:delta')).toHaveLength(10);
    expect(world.store.stream(session.id)?.floor).toBe(0);
  });
});
