import { describe, expect, it } from 'vitest';
import { createWorld, type World } from '../doubles/world.ts';

const GRACE_MS = 600_000;
const ROUND_MS = 300_000;
const OURS = { deployment: 'deployment-1', session: 'gone', nonce: 'of-nobody' };

const make = (world: World, labels: Record<string, string>) =>
  world.sandboxes.create({ labels, network: 'none' });

// [LIFE-orphans-reaped]
describe('a sandbox that no record claims', () => {
  it('is left alone for the grace period, and ended after it', async () => {
    const world = await createWorld();
    await make(world, OURS);
    await world.clock.advance(GRACE_MS - 1);
    expect(world.sandboxes.alive()).toHaveLength(1);
    await world.clock.advance(ROUND_MS + 1);
    expect(world.sandboxes.alive()).toEqual([]);
  });

  it('is left alone when it is of another deployment, however old', async () => {
    const world = await createWorld();
    await make(world, { ...OURS, deployment: 'deployment-2' });
    await make(world, { session: 'gone', nonce: 'without-a-deployment' });
    await world.clock.advance(10 * GRACE_MS);
    expect(world.sandboxes.alive()).toHaveLength(2);
  });

  it('is tried again when it cannot be ended', async () => {
    const world = await createWorld();
    await make(world, OURS);
    world.sandboxes.endings.push('fail');
    await world.clock.advance(GRACE_MS + 1);
    expect(world.sandboxes.alive()).toHaveLength(1);
    await world.clock.advance(ROUND_MS);
    expect(world.sandboxes.alive()).toEqual([]);
  });

  it('is left alone while the store cannot say what is claimed', async () => {
    const world = await createWorld({ settings: { idleTimeoutMs: 10 * GRACE_MS } });
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    await make(world, OURS);
    for (const method of ['listAllSessions', 'listUnfinishedSessions'])
      world.store.faults.script(method, ...Array.from({ length: 20 }, () => 'before' as const));
    await world.clock.advance(4 * ROUND_MS);
    expect(world.sandboxes.alive()).toHaveLength(2);
  });
});

describe('a sandbox that a record claims', () => {
  // [LIFE-orphans-reaped]
  it('is kept however old, whichever server of the deployment looks', async () => {
    const world = await createWorld({ settings: { idleTimeoutMs: 100 * GRACE_MS } });
    const other = await createWorld({ shared: world });
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    await world.clock.advance(10 * GRACE_MS);
    expect(world.sandboxes.alive().map(({ id }) => id)).toEqual([session.sandbox().id]);
    expect(other.engine.status().sessions).toBe(0);
  });

  it('is told by its nonce: another one of the same session is an orphan', async () => {
    const world = await createWorld({ settings: { idleTimeoutMs: 100 * GRACE_MS } });
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    const { labels, id } = session.sandbox();
    await make(world, { ...labels, nonce: 'of-an-earlier-one' });
    await world.clock.advance(GRACE_MS + ROUND_MS);
    expect(world.sandboxes.alive().map((sandbox) => sandbox.id)).toEqual([id]);
  });
});
