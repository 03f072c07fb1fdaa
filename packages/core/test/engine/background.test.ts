import { describe, expect, it } from 'vitest';
import type { EngineSettings } from '../../src/settings.ts';
import { ANNA, createWorld, type SessionHandle, type World } from '../doubles/world.ts';

const IDLE_MS = 900_000;
const BACKGROUND_MS = 14_400_000;

async function answered(
  settings: Partial<EngineSettings> = {},
): Promise<{ world: World; session: SessionHandle }> {
  const world = await createWorld({ settings });
  const session = await world.session();
  await session.send('hello');
  await session.untilQuiet();
  return { world, session };
}

describe('a background task', () => {
  // [LIFE-background-is-life]
  it('keeps the sandbox of a session that nobody uses, and no longer than it runs', async () => {
    const { world, session } = await answered();
    session.runner().background = true;
    await world.clock.advance(4 * IDLE_MS);
    expect(world.sandboxes.alive()).toHaveLength(1);
    session.runner().background = false;
    await world.clock.advance(2 * IDLE_MS);
    expect(session.types()).toContain('session:idle');
    expect(world.sandboxes.alive()).toEqual([]);
  });

  // [LIFE-background-is-life]
  it('that is forgotten does not keep it for ever, and the stream says so', async () => {
    const { world, session } = await answered();
    session.runner().background = true;
    await world.clock.advance(BACKGROUND_MS - IDLE_MS);
    expect(world.sandboxes.alive()).toHaveLength(1);
    await world.clock.advance(2 * IDLE_MS);
    expect(world.sandboxes.alive()).toEqual([]);
    expect(session.of('log').map(({ payload }) => payload.level)).toEqual(['warn']);
  });

  it('counts from the last use of the session', async () => {
    const { world, session } = await answered();
    session.runner().background = true;
    await world.clock.advance(BACKGROUND_MS - IDLE_MS);
    await session.send('still there?');
    await session.untilQuiet();
    await world.clock.advance(BACKGROUND_MS - IDLE_MS);
    expect(world.sandboxes.alive()).toHaveLength(1);
  });
});

describe('a transfer of a file', () => {
  it('keeps the sandbox while it lasts', async () => {
    const { world, session } = await answered({ idleTimeoutMs: 30_000 });
    session.runner().write('notes.txt', 'text');
    await world.clock.advance(1000);
    session.runner().withholdsBytes = true;
    const reading = world.engine.sessions.readFile(session.id, 'notes.txt');
    await world.clock.advance(50_000);
    expect(session.types()).not.toContain('session:idle');
    session.runner().withholdsBytes = false;
    expect(new TextDecoder().decode((await world.clock.wait(reading)).content)).toBe('text');
    await session.untilEvent('session:idle');
  });
});

describe('a turn that the agent begins by itself', () => {
  async function alone(): Promise<{ world: World; session: SessionHandle; turnId: string }> {
    const { world, session } = await answered();
    const turnId = session.runner().beginAlone() ?? '';
    await session.untilEvent('turn:started', 2);
    return { world, session, turnId };
  }

  // [TURN-agent-begins]
  it('is a turn like any other: it runs, has its blocks and its outcome, and is saved', async () => {
    const { world, session, turnId } = await alone();
    const state = await session.state();
    expect(state).toMatchObject({ status: 'running', activeTurn: { turnId, origin: 'agent' } });
    session.runner().say('the build is done');
    session.runner().complete();
    await session.untilEvent('turn:completed', 2);
    await world.clock.advance(5000);
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(world.store.transcript(session.id)).toContain('the build is done');
  });

  // [TURN-agent-begins]
  it('is waited for by the next message', async () => {
    const { session, turnId } = await alone();
    const next = await session.send('next');
    await session.until('The message waits', () => session.of('turn:queued').length === 2);
    expect(session.runner().begun).not.toContain(next.turnId);
    session.runner().complete();
    await session.untilQuiet();
    expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
    const order = session.events().filter(({ type }) => type === 'turn:started' || type === 'turn:completed');
    expect(order.slice(-4).map(({ payload }) => (payload as { turnId: string }).turnId)).toEqual([
      turnId,
      turnId,
      next.turnId,
      next.turnId,
    ]);
  });

  it('that begins just before a message is handed over goes first, and the message is not lost', async () => {
    const { world, session } = await answered();
    const sending = world.engine.sessions.sendMessage(ANNA, session.id, { content: 'next' });
    const turnId = session.runner().beginAlone() ?? '';
    const next = await world.clock.wait(sending);
    await world.clock.advance(1000);
    session.runner().complete();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
  });

  it('can be interrupted', async () => {
    const { world, session, turnId } = await alone();
    await world.clock.wait(world.engine.sessions.interrupt(ANNA, session.id, {}));
    await session.until('It ends', () => session.outcomes(turnId).length > 0);
    expect(session.outcomes(turnId)).toEqual(['turn:interrupted']);
  });

  it('without a sign of life is ended like any other', async () => {
    const { session, turnId } = await alone();
    session.runner().behaviour = 'take';
    await session.until('It ends', () => session.outcomes(turnId).length > 0);
    expect(session.of('turn:failed')[0]?.payload).toMatchObject({ turnId, code: 'turn_timeout' });
  });

  it('has its outcome when its runner dies', async () => {
    const { session, turnId } = await alone();
    session.runner().crash();
    await session.until('It ends', () => session.outcomes(turnId).length > 0);
    expect(session.of('turn:failed')[0]?.payload).toMatchObject({ turnId, code: 'runner_lost' });
  });

  it('is not let in under an id that a message could have', async () => {
    const { world, session } = await answered();
    session.runner().beginAlone(crypto.randomUUID());
    await world.clock.advance(1000);
    expect(session.of('turn:started')).toHaveLength(1);
    expect((await session.state()).status).toBe('idle');
  });
});
