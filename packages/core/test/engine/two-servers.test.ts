import { describe, expect, it } from 'vitest';
import { ANNA, createWorld, type SessionHandle, type World } from '../doubles/world.ts';

async function twoServers(): Promise<{
  first: World;
  second: World;
  session: SessionHandle;
  turnId: string;
}> {
  const first = await createWorld();
  first.sandboxes.behaviour = 'begin';
  const session = await first.session();
  const { turnId } = await session.send('work');
  await session.untilEvent('turn:started');
  return { first, second: await createWorld({ shared: first }), session, turnId };
}

describe('two servers on one store', () => {
  it('never run the same session at the same time: the other one says who does', async () => {
    const { second, session } = await twoServers();
    const sending = second.engine.sessions.sendMessage(ANNA, session.id, { content: 'hello' });
    await expect(second.clock.wait(sending)).rejects.toMatchObject({ code: 'not_owner', status: 503 });
  });

  it('both can be asked how a session is', async () => {
    const { first, second, session } = await twoServers();
    const [here, there] = await first.clock.wait(
      Promise.all([first.engine.sessions.get(session.id), second.engine.sessions.get(session.id)]),
    );
    expect(there).toEqual(here);
  });

  it('hand a session on when the first gives it back', async () => {
    const { first, second, session, turnId } = await twoServers();
    await first.stop();
    session.runner().behaviour = 'answer';
    const sending = second.engine.sessions.sendMessage(ANNA, session.id, { content: 'next' });
    const next = await second.clock.wait(sending);
    session.runner().complete();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
  });

  it('survive that the first was frozen, lost its lease, and wakes: it writes nothing, and lets go', async () => {
    const { first, second, session, turnId } = await twoServers();
    first.store.expireLeases();
    const sending = second.engine.sessions.sendMessage(ANNA, session.id, { content: 'next' });
    const next = await second.clock.wait(sending);
    session.runner().behaviour = 'answer';
    session.runner().say('said to whoever listens');
    session.runner().complete();
    await session.untilQuiet();
    await first.clock.advance(30_000);
    expect(first.engine.status().sessions).toBe(0);
    expect(second.engine.status().sessions).toBe(1);
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
    const texts = session
      .of('block:upsert')
      .flatMap(({ payload }) => (payload.block.type === 'assistant_text' ? [payload.block.content] : []));
    expect(texts).toEqual(['said to whoever listens', 'answer to next']);
    expect(first.sandboxes.all).toHaveLength(1);
  });

  // [DIES-server-frozen]
  it('survive that the first was frozen in the midst of its work: once thawed it writes nothing', async () => {
    const { first, second, session, turnId } = await twoServers();
    first.freeze();
    session.runner().say('said while nobody listens');
    await first.clock.advance(60_000);
    const sending = second.engine.sessions.sendMessage(ANNA, session.id, { content: 'next' });
    const next = await second.clock.wait(sending);
    session.runner().behaviour = 'answer';
    session.runner().complete();
    await session.untilQuiet();
    await first.clock.advance(10_000);
    const { writes } = first.store;
    const written = writes.length;
    const events = session.events();
    first.thaw();
    await first.clock.advance(4000);
    expect(writes.slice(written)).toEqual([]);
    expect(session.events()).toEqual(events);
    expect(first.engine.status().sessions).toBe(0);
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
    expect(first.sandboxes.all).toHaveLength(1);
  });
});
