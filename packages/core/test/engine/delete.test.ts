import { describe, expect, it } from 'vitest';
import { readAll } from '../doubles/reader.ts';
import { ANNA, createWorld, type SessionHandle, type World } from '../doubles/world.ts';

const remove = (world: World, session: SessionHandle, how?: { purge?: boolean }) =>
  world.clock.wait(world.engine.sessions.delete(ANNA, session.id, how));

describe('deleting a session', () => {
  it('saves it, ends its sandbox, and leaves it readable', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    session.runner().write('notes.txt', 'kept');
    await remove(world, session);
    expect(world.sandboxes.alive()).toEqual([]);
    expect(world.store.file(session.id, 'notes.txt')).toBe('kept');
    expect((await session.state()).status).toBe('terminated');
    expect(world.store.record(session.id)).toMatchObject({ status: 'terminated', sandbox: null });
  });

  it('gives what runs and what waits an outcome, and leaves nothing open', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'begin';
    const session = await world.session();
    const turns = [await session.send('one'), await session.send('two')];
    await session.untilEvent('turn:started');
    session.runner().ask('ask-1');
    await session.untilEvent('permission:requested');
    await remove(world, session);
    for (const { turnId } of turns) expect(session.outcomes(turnId)).toEqual(['turn:interrupted']);
    expect(session.of('permission:resolved')[0]?.payload.outcome).toBe('expired');
    const commands = [...(world.store.stream(session.id)?.commands.values() ?? [])];
    expect(commands.filter(({ state }) => state !== 'ended')).toEqual([]);
  });

  it('is done once however often it is asked for', async () => {
    const world = await createWorld();
    const session = await world.session();
    await remove(world, session);
    await remove(world, session);
    expect(session.of('session:terminated')).toHaveLength(1);
  });

  it('refuses messages from then on', async () => {
    const world = await createWorld();
    const session = await world.session();
    await remove(world, session);
    await expect(session.send()).rejects.toMatchObject({ code: 'session_terminated', status: 410 });
    await expect(
      world.clock.wait(world.engine.sessions.update(ANNA, session.id, { name: 'late' })),
    ).rejects.toMatchObject({ code: 'session_terminated' });
  });

  it('is answered in bounded time although its sandbox cannot be ended, which follows later', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    world.sandboxes.unreachable = true;
    await world.clock.wait(world.engine.sessions.delete(ANNA, session.id), 60_000);
    expect((await session.state()).status).toBe('terminated');
    expect(world.sandboxes.alive()).toHaveLength(1);
    world.sandboxes.unreachable = false;
    await world.clock.advance(60_000);
    expect(world.sandboxes.alive()).toEqual([]);
    expect(world.engine.status().sessions).toBe(0);
  });

  it('of what is not there is refused', async () => {
    const world = await createWorld();
    await expect(remove(world, world.handle('nowhere'))).rejects.toMatchObject({ code: 'session_not_found' });
  });
});

describe('purging a session', () => {
  it('removes everything of it, and ends its followers', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    const reader = readAll(world.engine.sessions.follow(session.id));
    await world.clock.settle();
    await remove(world, session, { purge: true });
    await world.clock.settle();
    expect(world.store.record(session.id)).toBeUndefined();
    expect(world.store.stream(session.id)).toBeUndefined();
    expect(world.sandboxes.alive()).toEqual([]);
    expect(reader.ended).toBe(true);
    await expect(session.state()).rejects.toMatchObject({ code: 'session_not_found' });
    expect(world.engine.status().sessions).toBe(0);
  });

  it('leaves a sandbox that cannot be ended to the reaper', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    world.sandboxes.unreachable = true;
    await remove(world, session, { purge: true });
    world.sandboxes.unreachable = false;
    await world.clock.advance(1_200_000);
    expect(world.sandboxes.alive()).toEqual([]);
  });

  it('is refused by a store that cannot remove sessions', async () => {
    const world = await createWorld({ bare: true });
    const session = await world.session();
    await expect(remove(world, session, { purge: true })).rejects.toMatchObject({
      code: 'capability_missing',
    });
  });
});
