import { describe, expect, it } from 'vitest';
import { ANNA, createWorld, type SessionHandle, type World } from '../doubles/world.ts';

/** A session that is idle, and whose sandbox does not go at once when it is ended. */
async function releasing(): Promise<{ world: World; session: SessionHandle }> {
  const world = await createWorld();
  const session = await world.session();
  await session.send('hello');
  await session.untilQuiet();
  world.sandboxes.endings.push('hang');
  await session.untilEvent('sandbox:releasing');
  return { world, session };
}

describe('a sandbox that is being given back', () => {
  it('is shown as releasing, with the reason', async () => {
    const { session } = await releasing();
    expect((await session.state()).sandbox).toMatchObject({
      status: 'releasing',
      sandboxId: session.sandbox().id,
      message: 'idle',
    });
  });

  // [LIFE-releasing]
  it('is handed no message any more: one that comes is taken at once and gets a new sandbox', async () => {
    const { world, session } = await releasing();
    const old = session.runner();
    const { turnId } = await world.clock.wait(
      world.engine.sessions.sendMessage(ANNA, session.id, { content: 'again' }),
      1000,
    );
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(old.begun).not.toContain(turnId);
    expect(world.sandboxes.all).toHaveLength(2);
    expect(session.of('session:restored')[0]?.payload.fidelity).toBe('native');
  });

  it('is not connected to again when it cannot be ended at once', async () => {
    const { world, session } = await releasing();
    const { greetings } = session.runner();
    const runner = session.runner();
    const { turnId } = await session.send('again');
    world.sandboxes.unreachable = true;
    await world.clock.advance(30_000);
    world.sandboxes.unreachable = false;
    await session.untilQuiet();
    expect(runner.greetings).toBe(greetings);
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
  });

  it('counts as lost when it cannot be ended in time; the message gets a new one, the orphan goes later', async () => {
    const { world, session } = await releasing();
    const [old] = world.sandboxes.all;
    const { turnId } = await session.send('again');
    world.sandboxes.endings.push(...Array.from({ length: 100 }, () => 'fail' as const));
    await session.untilQuiet(300_000);
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(session.of('sandbox:lost')[0]?.payload.reason).toContain('could not be ended');
    expect(old?.alive).toBe(true);
    world.sandboxes.endings.length = 0;
    await world.clock.advance(1_200_000);
    expect(old?.alive).toBe(false);
  });

  it('is ended by the next server when this one dies meanwhile, and handed nothing by it either', async () => {
    const { world, session } = await releasing();
    const [old] = world.sandboxes.all;
    const begun = session.runner().begun.length;
    await world.restart();
    const { turnId } = await session.send('again');
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(old?.alive).toBe(false);
    expect(old?.runner.begun).toHaveLength(begun);
    expect(session.of('sandbox:lost')).toEqual([]);
  });

  it('or was given up as lost is not taken up again, though the store took the end of its claim late', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send('hello');
    await session.untilQuiet();
    const old = session.runner();
    old.stalled = true;
    const { turnId } = await session.send('again');
    world.store.faults.script('updateSessionRecord', ...Array.from({ length: 30 }, () => 'before' as const));
    await session.untilEvent('sandbox:lost');
    old.stalled = false;
    await world.clock.advance(2000);
    world.store.faults.clear();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(old.begun).not.toContain(turnId);
    expect(world.sandboxes.alive().map(({ id }) => id)).toEqual([session.sandbox().id]);
  });

  it('gives way to a new one for whoever wakes the session', async () => {
    const { world, session } = await releasing();
    await world.clock.wait(world.engine.sessions.wake(ANNA, session.id));
    expect((await session.state()).sandbox.status).toBe('ready');
    expect(world.sandboxes.alive()).toHaveLength(1);
  });
});

describe('a sandbox that was given up as lost', () => {
  it('is not taken up again by the next server, though this one died before it let go of it', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send('hello');
    await session.untilQuiet();
    const [old] = world.sandboxes.all;
    if (old) old.runner.stalled = true;
    world.sandboxes.endings.push('fail');
    world.store.faults.script('updateSessionRecord', ...Array.from({ length: 300 }, () => 'hang' as const));
    await session.untilEvent('sandbox:lost');
    if (old) old.runner.stalled = false;
    world.store.faults.clear();
    await world.restart();
    const { turnId } = await session.send('again');
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(old?.runner.begun).not.toContain(turnId);
    expect(world.sandboxes.alive().map(({ id }) => id)).toEqual([session.sandbox().id]);
  });
});
