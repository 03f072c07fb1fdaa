import { describe, expect, it } from 'vitest';
import { createWorld } from '../doubles/world.ts';

describe('a server that starts', () => {
  // [BOUND-take-up]
  it('asks for the sessions that have something to do, and for no others', async () => {
    const world = await createWorld();
    for (let count = 0; count < 3; count += 1) await world.session();
    const working = await world.session();
    world.sandboxes.behaviour = 'begin';
    await working.send();
    await working.untilEvent('turn:started');
    await world.kill();
    const asked = world.store.reads.length;
    await world.restart();
    await world.clock.advance(1000);
    const reads = world.store.reads.slice(asked);
    expect(reads).not.toContain('listAllSessions');
    expect(reads.filter((read) => read.startsWith('loadSession'))).not.toEqual([]);
    for (const read of reads.filter((each) => each.startsWith('loadSession')))
      expect(read).toBe(`loadSession ${working.id}`);
  });
});
