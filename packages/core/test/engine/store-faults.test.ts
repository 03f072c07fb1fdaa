import { describe, expect, it } from 'vitest';
import { ANNA, createWorld, type SessionHandle, type World } from '../doubles/world.ts';

async function working(): Promise<{ world: World; session: SessionHandle; turnId: string }> {
  const world = await createWorld();
  world.sandboxes.behaviour = 'begin';
  const session = await world.session();
  const { turnId } = await session.send('work');
  await session.untilEvent('turn:started');
  return { world, session, turnId };
}

const textsOf = (session: SessionHandle): string[] =>
  session
    .of('block:upsert')
    .flatMap(({ payload }) => (payload.block.type === 'assistant_text' ? [payload.block.content] : []));

const isGapless = (session: SessionHandle): boolean =>
  session.events().every(({ seq }, index) => seq === index + 1);

describe('while the store is away', () => {
  it('messages are refused, not taken and forgotten', async () => {
    const { world, session } = await working();
    world.store.faults.down = true;
    await expect(session.send('more')).rejects.toMatchObject({ code: 'store_unavailable', status: 503 });
    await world.clock.advance(10_000);
    world.store.faults.clear();
    await world.clock.advance(10_000);
    expect(session.of('turn:queued')).toHaveLength(1);
  });

  // [DIES-store]
  it('the run goes on in the sandbox, and its events come when the store is back', async () => {
    const { world, session, turnId } = await working();
    world.store.faults.down = true;
    for (let count = 0; count < 20; count += 1) {
      session.runner().say(`text ${count}`);
      await world.clock.advance(15_000);
    }
    session.runner().complete();
    await world.clock.advance(60_000);
    world.store.faults.clear();
    await session.untilQuiet();
    expect(textsOf(session)).toEqual(Array.from({ length: 20 }, (_, count) => `text ${count}`));
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(isGapless(session)).toBe(true);
    expect(world.sandboxes.all).toHaveLength(1);
  });

  it('no runner counts as lost that could not be kept in contact before', async () => {
    const { world, session, turnId } = await working();
    session.runner().stalled = true;
    await world.clock.advance(40_000);
    world.store.faults.down = true;
    await expect(session.send('more')).rejects.toMatchObject({ code: 'store_unavailable' });
    await world.clock.advance(300_000);
    session.runner().stalled = false;
    world.store.faults.clear();
    session.runner().complete();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(world.sandboxes.all).toHaveLength(1);
  });

  it('the runner is not called again and again', async () => {
    const { world, session } = await working();
    world.store.faults.down = true;
    session.runner().say('text');
    await world.clock.advance(600_000);
    expect(session.runner().greetings).toBeLessThan(10);
  });

  // [DIES-store]
  it('readiness says so, and says so when it is over', async () => {
    const { world } = await working();
    await world.clock.advance(6000);
    expect(world.engine.status()).toMatchObject({ ready: true, problems: [] });
    world.store.faults.down = true;
    await world.clock.advance(6000);
    expect(world.engine.status().ready).toBe(false);
    world.store.faults.clear();
    await world.clock.advance(6000);
    expect(world.engine.status().ready).toBe(true);
  });
});

describe('a store that reads but cannot write', () => {
  it('is not worn out by connections that come to nothing', async () => {
    const { world, session, turnId } = await working();
    const failing = Array.from({ length: 2000 }, () => 'before' as const);
    world.store.faults.script('append', ...failing);
    session.runner().say('text');
    await world.clock.advance(50_000);
    expect(session.runner().greetings).toBeLessThan(30);
    world.store.faults.clear();
    session.runner().complete();
    await session.untilQuiet();
    expect(textsOf(session)).toEqual(['text']);
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
  });
});

describe('an append whose answer is lost', () => {
  it.each(['after', 'hang-after'] as const)('(%s) is found in the log, and said once', async (fault) => {
    const { world, session, turnId } = await working();
    world.store.faults.script('append', fault);
    session.runner().say('text');
    await world.clock.advance(60_000);
    session.runner().complete();
    await session.untilQuiet();
    expect(textsOf(session)).toEqual(['text']);
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(isGapless(session)).toBe(true);
  });

  it.each(['before', 'hang'] as const)('(%s) is not in the log, and is tried again', async (fault) => {
    const { world, session } = await working();
    world.store.faults.script('append', fault);
    session.runner().say('text');
    session.runner().complete();
    await session.untilQuiet();
    expect(textsOf(session)).toEqual(['text']);
    expect(world.sandboxes.all).toHaveLength(1);
  });

  it('of a message that was stored is answered as one that was', async () => {
    const { world, session } = await working();
    world.store.faults.script('append', 'after');
    const { turnId } = await session.send('more', { commandId: 'key' });
    session.runner().behaviour = 'answer';
    session.runner().complete();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(session.of('turn:queued')).toHaveLength(2);
  });

  it('of a command without events is carried out all the same', async () => {
    const { world, session, turnId } = await working();
    world.store.faults.script('append', 'after');
    const interrupted = world.engine.sessions.interrupt({ ...ANNA, commandId: 'stop' }, session.id);
    await world.clock.wait(interrupted).catch(() => {});
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:interrupted']);
    await expect(
      world.clock.wait(world.engine.sessions.interrupt({ ...ANNA, commandId: 'stop' }, session.id)),
    ).resolves.toBeDefined();
  });

  it('of one session is no affair of another', async () => {
    const { world, session } = await working();
    const other = await world.session();
    await other.send('hello');
    await other.untilEvent('turn:started');
    world.store.faults.script('append', 'before');
    session.runner().say('text');
    other.runner().say('other text');
    session.runner().complete();
    other.runner().complete();
    await session.untilQuiet();
    await other.untilQuiet();
    expect(textsOf(session)).toEqual(['text']);
    expect(textsOf(other)).toEqual(['other text']);
  });
});

describe('a server whose session another one took over', () => {
  // [LAW-08-stale-epoch-refused] [DIES-server-frozen]
  it('writes nothing any more', async () => {
    const { world, session } = await working();
    const before = session.events().length;
    world.store.takeOver(session.id);
    const { writes } = world.store;
    const written = writes.length;
    session.runner().say('text');
    await world.clock.advance(60_000);
    await expect(session.send('more')).rejects.toMatchObject({ code: 'not_owner' });
    expect(session.events()).toHaveLength(before);
    expect(writes.slice(written)).toEqual([]);
    expect(world.engine.status().sessions).toBe(0);
  });

  it('finds out by its lease when it has nothing to write', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    await world.clock.advance(1000);
    world.store.takeOver(session.id);
    await world.clock.advance(6000);
    expect(world.engine.status().sessions).toBe(0);
    expect(world.sandboxes.alive()).toHaveLength(1);
  });

  it('keeps it over a time in which leases cannot be renewed', async () => {
    const { world, session } = await working();
    world.store.faults.script('renew', ...Array.from({ length: 10 }, () => 'before' as const));
    await world.clock.advance(60_000);
    session.runner().complete();
    await session.untilQuiet();
    expect(session.of('turn:completed')).toHaveLength(1);
  });
});

describe('the record of a session', () => {
  it('follows when the store failed once', async () => {
    const { world, session } = await working();
    world.store.faults.script('updateSessionRecord', 'before', 'before');
    session.runner().complete();
    await session.untilQuiet();
    await world.clock.advance(20_000);
    expect(world.store.record(session.id)).toMatchObject({ status: 'idle', agentSessionId: 'agent-session' });
  });
});

describe('beginning a session', () => {
  it('fails when the store fails, and leaves nothing that hinders', async () => {
    const world = await createWorld();
    world.store.faults.script('append', 'before');
    await expect(world.session()).rejects.toMatchObject({ code: 'store_unavailable' });
    const [sessionId = ''] = world.store.sessionIds;
    const { turnId } = await world.handle(sessionId).send('hello');
    await world.handle(sessionId).untilQuiet();
    expect(world.handle(sessionId).outcomes(turnId)).toEqual(['turn:completed']);
  });
});
