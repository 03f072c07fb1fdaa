import { initialState, reduce } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { readAll } from '../doubles/reader.ts';
import { createWorld, type SessionHandle, type World } from '../doubles/world.ts';

async function answered(
  settings: Parameters<typeof createWorld>[0] = {},
): Promise<{ world: World; session: SessionHandle; streamId: string }> {
  const world = await createWorld(settings);
  const session = await world.session();
  await session.send('hello');
  await session.untilQuiet();
  const streamId = world.store.stream(session.id)?.streamId ?? '';
  return { world, session, streamId };
}

describe('a follower', () => {
  it('without a cursor gets a snapshot, and everything after it', async () => {
    const { world, session, streamId } = await answered();
    const reader = readAll(world.engine.sessions.follow(session.id));
    await world.clock.settle();
    const head = session.events().length;
    expect(reader.items[0]).toMatchObject({
      type: 'subscribed',
      streamId,
      seq: head,
      snapshot: { seq: head, session: { status: 'idle' } },
    });
    await session.send('again');
    await session.untilQuiet();
    await world.clock.settle();
    expect(reader.events).toEqual(session.events().slice(head));
  });

  it('with a cursor gets exactly the events after it, and no snapshot', async () => {
    const { world, session, streamId } = await answered();
    const reader = readAll(world.engine.sessions.follow(session.id, { streamId, seq: 3 }));
    await session.send('again');
    await session.untilQuiet();
    await world.clock.settle();
    expect(reader.items[0]).toEqual({ type: 'subscribed', streamId, seq: 3 });
    expect(reader.events).toEqual(session.events().slice(3));
  });

  it('from the beginning sees what reduces to the state', async () => {
    const { world, session, streamId } = await answered();
    const reader = readAll(world.engine.sessions.follow(session.id, { streamId, seq: 0 }));
    await world.clock.settle();
    const { session: state, conversation } = await world.clock.wait(world.engine.sessions.get(session.id));
    expect(reader.events.reduce(reduce, initialState(session.id))).toMatchObject({
      session: state,
      conversation,
    });
  });

  it('with a bare seq means the stream that there is', async () => {
    const { world, session, streamId } = await answered();
    const reader = readAll(world.engine.sessions.follow(session.id, { seq: 1 }));
    await world.clock.settle();
    expect(reader.items[0]).toEqual({ type: 'subscribed', streamId, seq: 1 });
  });

  it.each([
    ['beyond the head', (streamId: string) => ({ streamId, seq: 9999 })],
    ['of another stream', () => ({ streamId: 'another', seq: 1 })],
  ])('with a cursor %s gets a snapshot, and then events', async (_what, cursorOf) => {
    const { world, session, streamId } = await answered();
    const reader = readAll(world.engine.sessions.follow(session.id, cursorOf(streamId)));
    await world.clock.settle();
    expect(reader.items[0]).toMatchObject({ type: 'subscribed', streamId, snapshot: { streamId } });
    await session.send('again');
    await session.untilQuiet();
    await world.clock.settle();
    const start = reader.items[0]?.type === 'subscribed' ? reader.items[0].seq : -1;
    expect(reader.events).toEqual(session.events().slice(start));
  });

  it('with a cursor below the floor gets a snapshot', async () => {
    const { world, session, streamId } = await answered({
      settings: { snapshotEvery: 5, keepEvents: 2, keepEventsMs: 0 },
    });
    const runner = session.runner();
    runner.behaviour = 'begin';
    await session.send('more');
    await session.untilEvent('turn:started', 2);
    const timestamp = new Date(world.clock.now()).toISOString();
    const block = { id: 'long', type: 'assistant_text', content: '', timestamp, status: 'pending' } as const;
    runner.emit('block:upsert', { block });
    for (let count = 0; count < 10; count += 1) runner.emit('block:delta', { blockId: 'long', delta: 'x' });
    runner.say('x'.repeat(10), 'long');
    runner.complete();
    await session.untilQuiet();
    await world.clock.advance(1000);
    runner.behaviour = 'answer';
    await session.send('yet more');
    await session.untilQuiet();
    await world.clock.advance(1000);
    expect(world.store.stream(session.id)?.floor).toBeGreaterThan(0);
    expect(session.of('block:delta')).toEqual([]);
    const reader = readAll(world.engine.sessions.follow(session.id, { streamId, seq: 1 }));
    await world.clock.settle();
    expect(reader.items[0]).toMatchObject({ type: 'subscribed', snapshot: { streamId } });
  });

  it('goes on through the hand-over to another server process, missing and repeating nothing', async () => {
    const { world, session, streamId } = await answered();
    const events: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const reader = readAll(world.engine.sessions.follow(session.id, { streamId, seq: events.at(-1) ?? 0 }));
      await session.send(`round ${round}`);
      await session.untilQuiet();
      await world.clock.settle();
      events.push(...reader.events.map(({ seq }) => seq));
      reader.close();
      await world.restart();
    }
    expect(events).toEqual(
      session
        .events()
        .slice(0, events.length)
        .map(({ seq }) => seq),
    );
    expect(events.length).toBeGreaterThan(10);
  });

  it('goes on when the session is let go of and opened again', async () => {
    const { world, session, streamId } = await answered();
    const reader = readAll(world.engine.sessions.follow(session.id, { streamId, seq: 0 }));
    await session.untilEvent('sandbox:terminated');
    await world.clock.advance(1000);
    expect(world.engine.status().sessions).toBe(0);
    await session.send('again');
    await session.untilQuiet();
    await world.clock.settle();
    expect(reader.events).toEqual(session.events());
  });

  it('sees within seconds what another server wrote', async () => {
    const { world, session, streamId } = await answered();
    const other = await createWorld({ shared: world });
    const reader = readAll(other.engine.sessions.follow(session.id, { streamId, seq: 0 }));
    await session.send('again');
    await session.untilQuiet();
    await world.clock.advance(6000);
    expect(reader.events).toEqual(session.events());
  });

  it('of nothing is told so', async () => {
    const world = await createWorld();
    const reader = readAll(world.engine.sessions.follow('nowhere'));
    await world.clock.settle();
    expect(reader.error).toMatchObject({ code: 'session_not_found' });
  });

  it('ends when it is closed, and leaves nothing behind', async () => {
    const { world, session } = await answered();
    const timers = world.clock.timers;
    const reader = readAll(world.engine.sessions.follow(session.id));
    await world.clock.settle();
    reader.close();
    await world.clock.settle();
    expect(reader).toMatchObject({ ended: true, error: undefined });
    expect(world.clock.timers).toBe(timers);
  });

  it('is told when the store fails, and another one sees all of it afterwards', async () => {
    const { world, session, streamId } = await answered();
    await session.untilEvent('sandbox:terminated');
    await world.clock.advance(1000);
    const reader = readAll(world.engine.sessions.follow(session.id, { streamId, seq: 0 }));
    await world.clock.settle();
    world.store.faults.down = true;
    await world.clock.advance(10_000);
    expect(reader.error).toMatchObject({ code: 'store_unavailable' });
    world.store.faults.clear();
    const again = readAll(world.engine.sessions.follow(session.id, { streamId, seq: 0 }));
    await world.clock.settle();
    expect(again.events).toEqual(session.events());
  });

  it('that is slow gets pages of bounded size, and holds nothing up', async () => {
    const { world, session, streamId } = await answered();
    session.runner().behaviour = 'begin';
    await session.send('much');
    await session.untilEvent('turn:started', 2);
    for (let count = 0; count < 3000; count += 1) session.runner().say('.', `block-${count % 7}`);
    session.runner().complete();
    await session.untilQuiet();
    const follow = world.engine.sessions.follow(session.id, { streamId, seq: 0 });
    const sizes: number[] = [];
    let total = 0;
    for await (const item of follow) {
      if (item.type !== 'events') continue;
      sizes.push(item.events.length);
      total += item.events.length;
      if (total >= session.events().length) follow.close();
    }
    expect(total).toBe(session.events().length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
  });
});

describe('reading events in pages', () => {
  it('gives all of them, once, with where to go on', async () => {
    const { world, session, streamId } = await answered();
    const { sessions } = world.engine;
    const seen: unknown[] = [];
    let after = 0;
    for (;;) {
      const page = await world.clock.wait(sessions.readEvents(session.id, { after, limit: 3 }));
      if (page.events.length === 0) break;
      expect(page).toMatchObject({ streamId, head: session.events().length });
      seen.push(...page.events);
      after = page.next;
    }
    expect(seen).toEqual(session.events());
  });

  it('gives a reset for a cursor of no use', async () => {
    const { world, session } = await answered();
    const page = await world.clock.wait(
      world.engine.sessions.readEvents(session.id, { after: 2, streamId: 'another' }),
    );
    expect(page).toMatchObject({ events: [], reset: { session: { sessionId: session.id } } });
  });

  it('refuses what is no query', async () => {
    const { world, session } = await answered();
    await expect(
      world.clock.wait(world.engine.sessions.readEvents(session.id, { limit: 0 })),
    ).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('a session at an earlier seq', () => {
  it('is as its events up to there tell it', async () => {
    const { world, session } = await answered();
    for (const { seq } of session.events()) {
      const at = await world.clock.wait(world.engine.sessions.get(session.id, seq));
      const expected = session.events().slice(0, seq).reduce(reduce, initialState(session.id));
      expect(at).toMatchObject({ seq, session: expected.session, conversation: expected.conversation });
    }
  });

  it('beyond the head is refused', async () => {
    const { world, session } = await answered();
    await expect(world.clock.wait(world.engine.sessions.get(session.id, 9999))).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});
