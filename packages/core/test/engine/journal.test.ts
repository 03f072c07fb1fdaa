import { LIMITS } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { createWorld, type SessionHandle, type World } from '../doubles/world.ts';

async function running(): Promise<{ world: World; session: SessionHandle; turnId: string }> {
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

describe('what a runner wrote', () => {
  it.each(Array.from({ length: 16 }, (_, frames) => frames + 1))(
    'enters the log exactly once when every connection ends after %i frames',
    async (frames) => {
      const world = await createWorld();
      // A connection of one or two frames never gets as far as an event.
      world.sandboxes.onCreate = ({ runner }) => runner.cutAfter(frames);
      const session = await world.session();
      const { turnId } = await session.send('work');
      await world.clock.advance(20_000);
      if (world.sandboxes.all.length > 0) session.runner().cutAfter(null);
      session.runner().cutLinks();
      await session.untilQuiet();
      expect(session.outcomes(turnId)).toEqual(['turn:completed']);
      expect(textsOf(session)).toEqual(['answer to work']);
      expect(session.runner().begun).toEqual([turnId]);
    },
  );

  // [LAW-06-position-with-events]
  it('enters once although every frame is sent twice', async () => {
    const { session } = await running();
    session.runner().stutters = true;
    for (let count = 0; count < 5; count += 1) session.runner().say(`text ${count}`);
    session.runner().complete();
    await session.untilQuiet();
    expect(textsOf(session)).toEqual(['text 0', 'text 1', 'text 2', 'text 3', 'text 4']);
    expect(session.of('turn:completed')).toHaveLength(1);
  });

  it('while nobody listened comes in order when somebody does again', async () => {
    const { world, session } = await running();
    await world.restart();
    session.runner().cutLinks();
    for (let count = 0; count < 50; count += 1) session.runner().say(`text ${count}`);
    session.runner().complete();
    await session.untilQuiet();
    expect(textsOf(session)).toEqual(Array.from({ length: 50 }, (_, count) => `text ${count}`));
  });

  it('in the journal before a crash comes before what the next runner writes', async () => {
    const { session } = await running();
    session.runner().cutLinks();
    session.runner().say('last words');
    session.runner().crash();
    await session.untilQuiet();
    expect(textsOf(session)).toEqual(['last words']);
    expect(session.types().lastIndexOf('block:upsert')).toBeLessThan(session.types().indexOf('turn:failed'));
  });

  it('is trimmed from the journal only when it is in the log', async () => {
    const { world, session } = await running();
    world.store.faults.down = true;
    session.runner().say('kept');
    await world.clock.advance(120_000);
    world.store.faults.clear();
    session.runner().complete();
    await session.untilQuiet();
    expect(textsOf(session)).toEqual(['kept']);
  });

  it('leaves the connection when a frame is missing, and is read again from where the log stands', async () => {
    const { world, session } = await running();
    const frame = {
      type: 'event',
      journal: { id: 'sandbox-1-journal-1', offset: 900 },
      event: {
        type: 'log',
        payload: { level: 'info', message: 'from nowhere' },
        conversationId: 'main',
        timestamp: new Date(world.clock.now()).toISOString(),
      },
    };
    session.runner().sayLine(JSON.stringify(frame));
    session.runner().say('after');
    session.runner().complete();
    await session.untilQuiet();
    expect(textsOf(session)).toEqual(['after']);
    expect(session.of('log')).toEqual([]);
  });
});

// [SAFE-runner-untrusted]
describe('a hostile runner', () => {
  it.each([
    [
      'an event that is not its own to send',
      { type: 'session:terminated', payload: { reason: 'x', by: 'x' } },
    ],
    [
      'an answer to its own ask',
      { type: 'permission:resolved', payload: { requestId: 'a', outcome: 'allow', by: 'x' } },
    ],
    ['an unknown event', { type: 'made:up', payload: {} }],
    ['a malformed payload', { type: 'block:upsert', payload: { block: { id: 1 } } }],
    ['no payload', { type: 'block:delta', payload: undefined }],
    [
      'a malformed timestamp',
      { type: 'log', payload: { level: 'info', message: 'x' }, timestamp: 'yesterday' },
    ],
    [
      'a malformed conversation',
      { type: 'log', payload: { level: 'info', message: 'x' }, conversationId: '' },
    ],
    [
      'a payload that is too large',
      { type: 'log', payload: { level: 'info', message: 'x'.repeat(3 * LIMITS.eventPayload) } },
    ],
    [
      'a payload that the store finds too large',
      { type: 'log', payload: { level: 'info', message: 'x'.repeat(1.7 * LIMITS.eventPayload) } },
    ],
  ])('that sends %s gets an error event in its place, and its journal is read on', async (_what, event) => {
    const { session } = await running();
    session.runner().say('before');
    session.runner().emitAnything(event);
    session.runner().say('after');
    session.runner().complete();
    await session.untilQuiet();
    expect(session.of('error').map(({ payload }) => payload.code)).toEqual(['protocol_error']);
    expect(textsOf(session)).toEqual(['before', 'after']);
    expect((await session.state()).status).toBe('idle');
  });

  it('cannot write text that databases refuse', async () => {
    const { session } = await running();
    session.runner().say('a\0b\ud800');
    session.runner().complete();
    await session.untilQuiet();
    expect(textsOf(session)).toEqual(['a\ufffdb\ufffd']);
  });

  it('cannot begin a turn that nobody asked for, nor end one twice', async () => {
    const { session, turnId } = await running();
    const { runner } = session.sandbox();
    runner.emitAnything({ type: 'turn:started', payload: { turnId: 'own', messageId: 'own' } });
    runner.emitAnything({ type: 'turn:completed', payload: { turnId: 'own' } });
    runner.complete();
    runner.emitAnything({
      type: 'turn:failed',
      payload: { turnId, code: 'x', message: 'x', retryable: true },
    });
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(session.of('turn:started')).toHaveLength(1);
  });

  it('cannot begin a second turn while one runs', async () => {
    const { world, session, turnId } = await running();
    const waiting = await session.send('waiting');
    const { runner } = session.sandbox();
    runner.emitAnything({
      type: 'turn:started',
      payload: { turnId: waiting.turnId, messageId: waiting.messageId },
    });
    await world.clock.advance(1000);
    expect((await session.state()).activeTurn?.turnId).toBe(turnId);
  });

  it.each([
    ['is no JSON', '{'],
    ['is no frame', '{"type":"nonsense"}'],
    ['is no object', '7'],
  ])(
    'that says what %s over and over loses its sandbox, and its turn has an outcome',
    async (_what, line) => {
      const world = await createWorld();
      world.sandboxes.onCreate = ({ runner }) => {
        runner.greetsWith = line;
      };
      const session = await world.session();
      const { turnId } = await session.send();
      await session.untilQuiet();
      expect(session.outcomes(turnId)).toEqual(['turn:failed']);
      await world.clock.advance(120_000);
      expect(world.sandboxes.alive()).toEqual([]);
    },
  );

  it('that breaks every connection after its greeting loses its sandbox in the end', async () => {
    const { world, session, turnId } = await running();
    session.runner().breaksAfterAttach = true;
    session.runner().cutLinks();
    await session.untilQuiet(600_000);
    expect(session.outcomes(turnId)).toEqual(['turn:failed']);
    expect(session.runner().greetings).toBeLessThan(100);
    await world.clock.advance(60_000);
    expect(world.sandboxes.alive()).toEqual([]);
  });
});
