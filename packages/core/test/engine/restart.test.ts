import { describe, expect, it } from 'vitest';
import { readAll } from '../doubles/reader.ts';
import { ANNA, createWorld, type SessionHandle, type World, type WorldOptions } from '../doubles/world.ts';

async function working(
  options: WorldOptions = {},
): Promise<{ world: World; session: SessionHandle; turnId: string }> {
  const world = await createWorld(options);
  world.sandboxes.behaviour = 'begin';
  const session = await world.session();
  const { turnId } = await session.send('work');
  await session.until('The turn runs', () => world.sandboxes.all[0]?.runner.active != null);
  await world.clock.advance(1000);
  return { world, session, turnId };
}

const conversationOf = async (world: World, session: SessionHandle) => {
  const { conversation } = await world.clock.wait(world.engine.sessions.get(session.id));
  return conversation.blocks.map(({ id, type, status }) => ({ id, type, status }));
};

describe('after a server died', () => {
  it('the next one continues the stream of a run that went on', async () => {
    const { world, session, turnId } = await working();
    session.runner().say('before');
    await world.clock.advance(100);
    await world.restart();
    session.runner().say('after');
    session.runner().complete();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(session.runner().begun).toEqual([turnId]);
    expect(world.sandboxes.all).toHaveLength(1);
    expect(session.events().map(({ seq }) => seq)).toEqual(session.events().map((_, index) => index + 1));
  });

  it('the blocks are those of an undisturbed run', async () => {
    const undisturbed = await working();
    const disturbed = await working();
    for (const { world, session } of [undisturbed, disturbed]) {
      for (let count = 0; count < 5; count += 1) {
        session.runner().say(`text ${count}`, `block-${count}`);
        if (world === disturbed.world) await world.restart();
      }
      session.runner().complete();
      await session.untilQuiet();
    }
    const [, ...expected] = await conversationOf(undisturbed.world, undisturbed.session);
    const [, ...actual] = await conversationOf(disturbed.world, disturbed.session);
    expect(actual).toEqual(expected);
  });

  it('an acknowledged message that had no sandbox yet is run', async () => {
    const world = await createWorld();
    const session = await world.session();
    const { turnId } = await session.send('hello');
    await world.restart();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
  });

  it('an acknowledged message is run although its record was never written again', async () => {
    const world = await createWorld();
    const session = await world.session();
    world.store.faults.script('updateSessionRecord', 'before', 'before');
    const sending = session.send('hello', { commandId: 'key' });
    await expect(sending).rejects.toMatchObject({ code: 'store_unavailable' });
    const { turnId } = await session.send('hello', { commandId: 'key' });
    await world.restart();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
  });

  it('a sandbox that was being made is found by its intent', async () => {
    const world = await createWorld();
    const session = await world.session();
    world.store.faults.script('updateSessionRecord', null, null, 'hang');
    const { turnId } = await session.send('hello');
    await session.until('It is made', () => world.sandboxes.all.length === 1);
    await world.restart();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(world.sandboxes.all).toHaveLength(1);
  });

  it('an intent that never became a sandbox is no lost sandbox', async () => {
    const world = await createWorld();
    const session = await world.session();
    world.sandboxes.creations.push('hang');
    const { turnId } = await session.send('hello');
    await world.clock.advance(1000);
    await world.restart();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(world.engine.status().metrics).not.toHaveProperty('agent_server_sandboxes_lost_total');
  });

  it('a sandbox that was ended, and only its record did not say so yet, is no lost sandbox', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    await session.untilEvent('session:idle');
    world.store.faults.script('updateSessionRecord', 'hang');
    await session.untilEvent('sandbox:terminated');
    await world.restart();
    await world.clock.advance(60_000);
    expect(session.of('sandbox:lost')).toEqual([]);
    expect(world.store.record(session.id)?.sandbox).toBeNull();
  });

  it('its sessions are taken up when its leases have run out', async () => {
    const { world, session, turnId } = await working();
    await world.restart({ leases: 'held' });
    session.runner().complete();
    await session.untilQuiet(60_000);
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
  });

  it('another server that was there takes its sessions up', async () => {
    const first = await working();
    const second = await createWorld({ shared: first.world });
    await first.world.kill();
    first.session.runner().complete();
    await second.clock.until('The turn ends', () => first.session.of('turn:completed').length === 1);
    expect(second.engine.status().sessions).toBe(1);
  });

  it('a sandbox that died meanwhile is lost, with one outcome for its turn', async () => {
    const { world, session, turnId } = await working();
    session.sandbox().lose();
    await world.restart();
    await session.untilQuiet();
    expect(session.of('turn:failed')[0]?.payload).toMatchObject({ turnId, code: 'sandbox_lost' });
  });

  it('a provider that cannot be reached is waited for', async () => {
    const { world, session, turnId } = await working();
    world.sandboxes.unreachable = true;
    await world.restart();
    await world.clock.advance(30_000);
    world.sandboxes.unreachable = false;
    session.runner().complete();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
  });

  it('a provider that stays away for long costs the turn, not the session', async () => {
    const { world, session, turnId } = await working();
    world.sandboxes.unreachable = true;
    await world.restart();
    await session.untilQuiet();
    expect(session.of('turn:failed')[0]?.payload).toMatchObject({ turnId, code: 'sandbox_lost' });
    world.sandboxes.unreachable = false;
    world.sandboxes.behaviour = 'answer';
    const next = await session.send('again');
    await session.untilQuiet();
    expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
  });

  it('an end that had begun is finished', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    world.store.faults.script('append', 'hang');
    const deleted = world.engine.sessions.delete(ANNA, session.id);
    deleted.catch(() => {});
    await world.clock.advance(100);
    world.store.faults.clear();
    await world.restart();
    await world.clock.wait(world.engine.sessions.delete(ANNA, session.id));
    await world.clock.advance(60_000);
    expect(world.sandboxes.alive()).toEqual([]);
    expect(world.store.record(session.id)?.sandbox).toBeNull();
  });
});

describe('stopping', () => {
  it('leaves the runs to the next server', async () => {
    const { world, session, turnId } = await working();
    await world.stop();
    expect(world.sandboxes.alive()).toHaveLength(1);
    await world.restart();
    session.runner().complete();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
  });

  it('ends the runs when told to: saved, with an outcome, and no sandbox left', async () => {
    const { world, session, turnId } = await working();
    session.runner().write('notes.txt', 'kept');
    await world.stop({ runs: 'end' });
    expect(session.of('turn:failed')[0]?.payload).toMatchObject({ turnId, code: 'shutting_down' });
    expect(world.sandboxes.alive()).toEqual([]);
    expect(world.store.file(session.id, 'notes.txt')).toBe('kept');
    expect(world.store.record(session.id)?.sandbox).toBeNull();
  });

  it('ends followers, refuses what comes, and leaves no timers', async () => {
    const { world, session } = await working();
    const reader = readAll(world.engine.sessions.follow(session.id));
    await world.clock.settle();
    await world.stop();
    await world.clock.settle();
    expect(reader.ended).toBe(true);
    await expect(session.send()).rejects.toMatchObject({ code: 'shutting_down' });
    expect(world.engine.status()).toMatchObject({ ready: false, stopping: true });
    expect(world.clock.timers).toBe(0);
  });

  it('tells followers of that moment that it stops, not that there is no such session', async () => {
    const { world, session } = await working();
    const streamId = world.store.stream(session.id)?.streamId;
    const follow = (cursor?: { streamId: string | undefined; seq: number }) =>
      readAll(world.engine.sessions.follow(session.id, cursor));
    const just = [follow(), follow({ streamId, seq: 1 })];
    await world.stop();
    const late = [follow(), follow({ streamId, seq: 1 })];
    await world.clock.settle();
    for (const { ended } of [...just, ...late]) expect(ended).toBe(true);
    for (const { items, error } of just)
      if (items.length === 0) expect(error).toMatchObject({ code: 'shutting_down' });
    for (const { error } of late) expect(error).toMatchObject({ code: 'shutting_down' });
  });

  it('is over in bounded time although the store hangs', async () => {
    const { world } = await working();
    world.store.faults.script('updateSessionRecord', 'hang', 'hang');
    world.store.faults.script('saveSnapshot', 'hang', 'hang');
    world.store.faults.script('release', 'hang');
    await expect(world.clock.wait(world.engine.stop(), 120_000)).resolves.toBeUndefined();
  });
});

describe('a store with the nine methods alone', () => {
  it('says that what is acknowledged lasts as long as the process', async () => {
    const world = await createWorld({ bare: true });
    expect(world.engine.status().durability).toBe('memory');
    const session = await world.session();
    expect(await session.send()).toMatchObject({ durability: 'memory' });
  });

  it('runs sessions all the same, and keeps their files and transcripts', async () => {
    const { world, session } = await working({ bare: true });
    session.runner().write('notes.txt', 'kept');
    session.runner().complete();
    await world.clock.advance(5000);
    expect(world.store.file(session.id, 'notes.txt')).toBe('kept');
    expect(world.store.transcript(session.id)).toBeDefined();
    expect((await session.state()).status).toBe('idle');
  });

  it('has a session again after a restart, with its sandbox and a stream of its own', async () => {
    const { world, session } = await working({ bare: true });
    session.runner().complete();
    await world.clock.advance(5000);
    const before = await world.clock.wait(world.engine.sessions.get(session.id));
    await world.restart();
    world.sandboxes.all[0]?.runner.write('later.txt', 'kept');
    const after = await world.clock.wait(world.engine.sessions.get(session.id));
    expect(after.streamId).not.toBe(before.streamId);
    if (world.sandboxes.all[0]) world.sandboxes.all[0].runner.behaviour = 'answer';
    await session.send('again');
    await world.clock.advance(5000);
    const { session: state, conversation } = await world.clock.wait(world.engine.sessions.get(session.id));
    expect(state.lastTurn?.outcome).toBe('completed');
    expect(conversation.blocks.length).toBeGreaterThan(0);
    expect(world.sandboxes.all).toHaveLength(1);
  });

  it('gives a follower a snapshot after a restart, and a reset to one that comes with an old cursor', async () => {
    const { world, session } = await working({ bare: true });
    session.runner().complete();
    await world.clock.advance(5000);
    const { streamId, seq } = await world.clock.wait(world.engine.sessions.get(session.id));
    world.sandboxes.all[0]?.lose();
    await world.restart();
    const fresh = readAll(world.engine.sessions.follow(session.id));
    const old = readAll(world.engine.sessions.follow(session.id, { streamId, seq }));
    await world.clock.advance(100);
    expect(fresh.items[0]).toMatchObject({
      type: 'subscribed',
      snapshot: { session: { sessionId: session.id } },
    });
    expect(old.items[0]).toMatchObject({ type: 'subscribed', snapshot: { seq: expect.any(Number) } });
    expect(old.items[0]).not.toMatchObject({ streamId });
  });
});
