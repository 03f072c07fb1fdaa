import { LIMITS } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { ANNA, createWorld } from '../doubles/world.ts';

describe('a message', () => {
  it('is stored before it is answered', async () => {
    const world = await createWorld();
    const session = await world.session();
    const { turnId, messageId } = await session.send('hello');
    expect(session.of('turn:queued')[0]?.payload).toMatchObject({ turnId, messageId, content: 'hello' });
    expect(world.store.stream(session.id)?.commands.size).toBe(1);
  });

  it('runs as a turn, and its answer comes into the conversation', async () => {
    const world = await createWorld();
    const session = await world.session();
    const { turnId } = await session.send('hello');
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    const { conversation } = await world.clock.wait(world.engine.sessions.get(session.id));
    expect(conversation.blocks.map((block) => block.type)).toEqual(['user_message', 'assistant_text']);
    expect((await session.state()).status).toBe('idle');
  });

  it('waits for its place: three sent at once run as three turns, in order', async () => {
    const world = await createWorld();
    const session = await world.session();
    const sent = await Promise.all(['one', 'two', 'three'].map((content) => session.send(content)));
    await session.untilQuiet();
    const turnIds = sent.map(({ turnId }) => turnId);
    expect(session.of('turn:started').map(({ payload }) => payload.turnId)).toEqual(turnIds);
    expect(session.of('turn:completed').map(({ payload }) => payload.turnId)).toEqual(turnIds);
    expect(world.sandboxes.all).toHaveLength(1);
  });

  it('sent again with the same key is answered the same and runs once', async () => {
    const world = await createWorld();
    const session = await world.session();
    const first = await session.send('hello', { commandId: 'key' });
    await session.untilQuiet();
    const second = await session.send('hello', { commandId: 'key' });
    expect(second).toEqual(first);
    await world.clock.advance(1000);
    expect(session.of('turn:queued')).toHaveLength(1);
  });

  it('sent twice at the same time with the same key runs once', async () => {
    const world = await createWorld();
    const session = await world.session();
    const [first, second] = await Promise.all([
      session.send('hello', { commandId: 'key' }),
      session.send('hello', { commandId: 'key' }),
    ]);
    expect(second).toEqual(first);
    expect(session.of('turn:queued')).toHaveLength(1);
  });

  it('is refused when its key was used for another body', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send('hello', { commandId: 'key' });
    await expect(session.send('other', { commandId: 'key' })).rejects.toMatchObject({
      code: 'idempotency_key_reused',
      status: 422,
    });
  });

  it('may have the same key as one of somebody else', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send('hello', { commandId: 'key' });
    const caller = { principal: 'bert', commandId: 'key' };
    await world.clock.wait(world.engine.sessions.sendMessage(caller, session.id, { content: 'mine' }));
    expect(session.of('turn:queued').map(({ payload }) => payload.content)).toEqual(['hello', 'mine']);
  });

  it('with a malformed key is refused', async () => {
    const world = await createWorld();
    const session = await world.session();
    await expect(session.send('hello', { commandId: 'a\nb' })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });

  it('without content is refused, and so is one to nowhere', async () => {
    const world = await createWorld();
    const session = await world.session();
    await expect(session.send('')).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(world.handle('nowhere').send()).rejects.toMatchObject({ code: 'session_not_found' });
  });

  it('keeps no NUL and no half of a character, which databases refuse', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send('a\0b\ud800c');
    expect(session.of('turn:queued')[0]?.payload.content).toBe('a\ufffdb\ufffdc');
    expect(JSON.stringify([...(world.store.stream(session.id)?.commands.values() ?? [])])).not.toContain(
      '\\u0000',
    );
  });

  it('reaches the runner only when it is in the log', async () => {
    const world = await createWorld();
    const session = await world.session();
    await world.clock.wait(world.engine.sessions.wake(ANNA, session.id));
    world.store.faults.script('append', 'hang');
    const sending = world.engine.sessions.sendMessage(ANNA, session.id, { content: 'hello' });
    const outcome = expect(sending).rejects.toMatchObject({ code: 'store_unavailable' });
    await world.clock.advance(1000);
    // Whatever makes the engine look again, it does not find the message yet.
    session.runner().cutLinks();
    await world.clock.advance(1000);
    expect(session.runner().taken).toEqual([]);
    await world.clock.advance(60_000);
    await outcome;
    expect(session.runner().taken).toEqual([]);
  });

  it('over the limit of the queue is refused with its place', async () => {
    const world = await createWorld();
    const session = await world.session();
    world.sandboxes.creations.push('hang');
    for (let count = 0; count < LIMITS.queuedTurns; count += 1) await session.send(`message ${count}`);
    await expect(session.send('too many')).rejects.toMatchObject({
      code: 'queue_full',
      details: { position: LIMITS.queuedTurns },
    });
  });

  // [BOUND-capacity]
  it('that would need one sandbox too many is refused', async () => {
    const world = await createWorld({ settings: { maximumSandboxes: 2 } });
    world.sandboxes.behaviour = 'begin';
    const sessions = [await world.session(), await world.session(), await world.session()];
    const answers = await Promise.allSettled(sessions.map((session) => session.send()));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await expect(sessions[2]?.send()).rejects.toMatchObject({ code: 'capacity', status: 429 });
    await expect(sessions[0]?.send('another')).resolves.toBeDefined();
  });

  it('can be withdrawn while it waits, and then never runs', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'begin';
    const session = await world.session();
    await session.send('first');
    const { messageId, turnId } = await session.send('second');
    await session.untilEvent('turn:started');
    await world.clock.wait(world.engine.sessions.cancelMessage(ANNA, session.id, messageId));
    session.runner().complete();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:cancelled']);
    expect(session.runner().begun).toHaveLength(1);
    expect([...(world.store.stream(session.id)?.commands.values() ?? [])].map(({ state }) => state)).toEqual([
      'ended',
      'ended',
      'ended',
    ]);
  });

  it('cannot be withdrawn once its turn began', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'begin';
    const session = await world.session();
    const { messageId } = await session.send();
    await session.untilEvent('turn:started');
    await expect(
      world.clock.wait(world.engine.sessions.cancelMessage(ANNA, session.id, messageId)),
    ).rejects.toMatchObject({ code: 'message_not_found' });
  });
});

describe('the events of a session', () => {
  it('have a gapless seq from 1', async () => {
    const world = await createWorld();
    const session = await world.session();
    await Promise.all([session.send('one'), session.send('two')]);
    await session.untilQuiet();
    expect(session.events().map(({ seq }) => seq)).toEqual(session.events().map((_, index) => index + 1));
  });

  it('are visible only once they are in the log', async () => {
    const world = await createWorld();
    const session = await world.session();
    const seen: number[] = [];
    world.engine.events.on('*', ({ seq }) => {
      seen.push(seq);
      expect(session.events().map((event) => event.seq)).toContain(seq);
    });
    await session.send();
    await session.untilQuiet();
    expect(seen).toEqual(
      session
        .events()
        .map(({ seq }) => seq)
        .slice(1),
    );
  });

  it('say what a turn cost, and the session sums it up', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send('one');
    await session.send('two');
    await session.untilQuiet();
    expect(await session.state()).toMatchObject({
      usage: { inputTokens: 6, outputTokens: 10 },
      costUSD: 1,
    });
  });
});
