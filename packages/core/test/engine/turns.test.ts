import type { RunnerCommand } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { ANNA, createWorld, type SessionHandle, type World } from '../doubles/world.ts';

async function runningTurn(): Promise<{ world: World; session: SessionHandle; turnId: string }> {
  const world = await createWorld();
  world.sandboxes.behaviour = 'begin';
  const session = await world.session();
  const { turnId } = await session.send('work');
  await session.untilEvent('turn:started');
  return { world, session, turnId };
}

const interrupt = (world: World, session: SessionHandle, turnId?: string) =>
  world.clock.wait(world.engine.sessions.interrupt(ANNA, session.id, turnId ? { turnId } : {}));

const typesOf = (commands: readonly RunnerCommand[]) => commands.map(({ type }) => type);

describe('an interrupt', () => {
  it('ends the running turn', async () => {
    const { world, session, turnId } = await runningTurn();
    await interrupt(world, session);
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:interrupted']);
  });

  it('names its turn, and is void when that has ended before it arrives', async () => {
    const { world, session, turnId } = await runningTurn();
    const next = await session.send('next');
    session.runner().cutLinks();
    session.runner().complete();
    session.sandbox().runner.behaviour = 'begin';
    await interrupt(world, session, turnId);
    await session.untilEvent('turn:started', 2);
    await world.clock.advance(1000);
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(session.runner().active?.turnId).toBe(next.turnId);
  });

  it('of a waiting turn takes it out of the queue, and the runner never sees it', async () => {
    const { world, session } = await runningTurn();
    const { turnId } = await session.send('next');
    await interrupt(world, session, turnId);
    session.runner().complete();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:interrupted']);
    expect(session.runner().begun).not.toContain(turnId);
  });

  it('of a turn that the runner has taken reaches it, even over a new connection', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'take';
    const session = await world.session();
    const { turnId } = await session.send('work');
    await session.untilTaken(1);
    session.runner().cutLinks();
    await interrupt(world, session, turnId);
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:interrupted']);
    expect(session.runner().begun).toEqual([]);
  });

  it('is refused when nothing runs, and so is one of a turn long gone', async () => {
    const { world, session, turnId } = await runningTurn();
    session.runner().complete();
    await session.untilQuiet();
    await expect(interrupt(world, session)).rejects.toMatchObject({ code: 'not_running' });
    await expect(interrupt(world, session, turnId)).rejects.toMatchObject({ code: 'not_running' });
  });

  it('of a turn whose sandbox was lost before it began still holds', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'take';
    const session = await world.session();
    const { turnId } = await session.send('work');
    await session.untilTaken(1);
    await interrupt(world, session, turnId).catch(() => {});
    session.sandbox().lose();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:interrupted']);
  });
});

describe('a steering message', () => {
  it('goes into the running turn', async () => {
    const { session, turnId } = await runningTurn();
    const steered = await session.send('also this', { delivery: 'steer' });
    expect(steered.turnId).toBe(turnId);
    await session.untilTaken(2);
    expect(session.runner().taken[1]).toMatchObject({ type: 'steer', turnId, content: 'also this' });
    session.runner().show({ messageId: steered.messageId, content: 'also this' });
    session.runner().complete();
    await session.untilQuiet();
    expect(session.of('turn:queued')).toHaveLength(1);
  });

  it('without a running turn is a message like any other', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send('hello', { delivery: 'steer' });
    await session.untilQuiet();
    expect(session.of('turn:completed')).toHaveLength(1);
  });

  it('that the agent cannot take becomes the next turn', async () => {
    const { session } = await runningTurn();
    session.runner().refusals.set('steer', 'capability_missing');
    const { messageId } = await session.send('also this', { delivery: 'steer' });
    await session.untilEvent('turn:queued', 2);
    session.runner().complete();
    await session.untilEvent('turn:started', 2);
    expect(session.of('turn:started')[1]?.payload.messageId).toBe(messageId);
  });

  it('that the runner took but the turn ended without becomes the next turn, once', async () => {
    const { world, session } = await runningTurn();
    const { messageId } = await session.send('also this', { delivery: 'steer' });
    await session.untilTaken(2);
    session.runner().complete();
    await session.untilEvent('turn:started', 2);
    session.runner().complete();
    await session.untilQuiet();
    await world.restart();
    await world.clock.advance(60_000);
    expect(session.of('turn:started').map(({ payload }) => payload.messageId)).toEqual([
      expect.any(String),
      messageId,
    ]);
  });

  it('that the runner takes while the turn ends becomes the next turn, and nothing of it stays open', async () => {
    const { world, session } = await runningTurn();
    const { runner } = session.sandbox();
    runner.stalled = true;
    const { messageId } = await session.send('also this', { delivery: 'steer' });
    runner.complete();
    runner.behaviour = 'answer';
    runner.stalled = false;
    await session.untilEvent('turn:completed', 2);
    expect(session.of('turn:started')[1]?.payload.messageId).toBe(messageId);
    await world.clock.advance(1000);
    expect(await world.clock.wait(world.store.eventLog.openCommands(session.id))).toEqual([]);
  });

  it('that the lost sandbox took with it becomes the next turn', async () => {
    const { session } = await runningTurn();
    const { messageId } = await session.send('also this', { delivery: 'steer' });
    await session.untilTaken(2);
    session.sandbox().lose();
    await session.untilEvent('turn:started', 2);
    expect(session.of('turn:started')[1]?.payload.messageId).toBe(messageId);
  });
});

describe('a message that interrupts', () => {
  it('ends the running turn and runs before those that wait', async () => {
    const { session, turnId } = await runningTurn();
    const waiting = await session.send('waiting');
    const urgent = await session.send('urgent', { delivery: 'interrupt' });
    await session.untilEvent('turn:started', 2);
    session.runner().complete();
    await session.untilEvent('turn:started', 3);
    expect(session.outcomes(turnId)).toEqual(['turn:interrupted']);
    expect(session.of('turn:started').map(({ payload }) => payload.turnId)).toEqual([
      turnId,
      urgent.turnId,
      waiting.turnId,
    ]);
  });

  it('may come twice for the same turn', async () => {
    const { session } = await runningTurn();
    session.runner().stalled = true;
    await session.send('urgent', { delivery: 'interrupt' });
    await expect(session.send('more urgent', { delivery: 'interrupt' })).resolves.toBeDefined();
  });

  it('interrupts a turn that the runner has but did not begin', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'take';
    const session = await world.session();
    const first = await session.send('work');
    await session.untilTaken(1);
    session.runner().behaviour = 'answer';
    const urgent = await session.send('urgent', { delivery: 'interrupt' });
    await session.untilQuiet();
    expect(session.outcomes(first.turnId)).toEqual(['turn:interrupted']);
    expect(session.outcomes(urgent.turnId)).toEqual(['turn:completed']);
  });
});

describe('the command of a turn', () => {
  it('is started in the store as soon as the turn is, however hasty the runner', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'begin';
    world.sandboxes.onCreate = ({ runner }) => {
      runner.hasty = true;
    };
    const session = await world.session();
    await session.send('work');
    await session.untilEvent('turn:started');
    await world.clock.advance(1000);
    const states = [...(world.store.stream(session.id)?.commands.values() ?? [])].map(({ state }) => state);
    expect(states).toEqual(['started']);
  });

  it('is queued again when its sandbox is lost, so that it can be withdrawn', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'take';
    const session = await world.session();
    const { messageId, turnId } = await session.send('work');
    await session.untilTaken(1);
    world.sandboxes.creations.push('hang');
    session.sandbox().lose();
    await session.untilEvent('sandbox:lost');
    await world.clock.wait(world.engine.sessions.cancelMessage(ANNA, session.id, messageId));
    expect(session.outcomes(turnId)).toEqual(['turn:cancelled']);
  });
});

describe('changed options', () => {
  it('count from the next turn on', async () => {
    const { world, session } = await runningTurn();
    const sessionOptions = { model: 'larger' };
    await world.clock.wait(world.engine.sessions.update(ANNA, session.id, { sessionOptions }));
    await world.clock.advance(1000);
    expect(session.runner().setups).toHaveLength(1);
    session.runner().behaviour = 'answer';
    session.runner().complete();
    for (const content of ['next', 'and next']) {
      const { turnId } = await session.send(content);
      await session.untilQuiet();
      expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    }
    expect(session.runner().setups.map((setup) => setup.sessionOptions)).toEqual([{}, sessionOptions]);
  });
});

describe('a turn', () => {
  it('that the runner refuses for good fails with its reason', async () => {
    const world = await createWorld();
    world.sandboxes.onCreate = ({ runner }) => void runner.refusals.set('turn', 'invalid_request');
    const session = await world.session();
    const { turnId } = await session.send();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:failed']);
    expect(session.of('turn:failed')[0]?.payload.code).toBe('invalid_request');
  });

  it('without a sign of life is ended, and the next message gets a new sandbox', async () => {
    const { world, session, turnId } = await runningTurn();
    session.runner().behaviour = 'take';
    await session.untilQuiet(3_600_000);
    expect(session.of('turn:failed')[0]?.payload).toMatchObject({ turnId, code: 'turn_timeout' });
    await session.untilEvent('sandbox:terminated');
    expect(world.sandboxes.alive()).toEqual([]);
    world.sandboxes.behaviour = 'answer';
    const next = await session.send('again');
    await session.untilQuiet();
    expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
  });

  it('that heeds the interrupt of its watchdog ends by the same name, and keeps its sandbox', async () => {
    const { world, session, turnId } = await runningTurn();
    await session.untilQuiet(3_600_000);
    expect(session.outcomes(turnId)).toEqual(['turn:failed']);
    expect(session.of('turn:failed')[0]?.payload).toMatchObject({ turnId, code: 'turn_timeout' });
    await world.clock.advance(60_000);
    expect(world.sandboxes.alive()).toHaveLength(1);
  });

  it('that the runner took but never begins is ended by the same watch', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'take';
    const session = await world.session();
    const { turnId } = await session.send();
    await session.untilTaken(1);
    session.runner().refusals.set('interrupt', 'not_running');
    await session.untilQuiet(3_600_000);
    expect(session.outcomes(turnId)).toEqual(['turn:failed']);
    expect(session.of('turn:failed')[0]?.payload.code).toBe('turn_timeout');
  });

  it('is not taken for alive because a program in the background writes files', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'begin';
    const session = await world.session();
    const { turnId } = await session.send();
    await session.untilEvent('turn:started');
    for (let count = 0; count < 30 && session.outcomes(turnId).length === 0; count += 1) {
      session.runner().write('server.log', `line ${count}`);
      await world.clock.advance(100_000);
    }
    expect(session.of('turn:failed')[0]?.payload).toMatchObject({ turnId, code: 'turn_timeout' });
  });

  it('that gives signs of life may last', async () => {
    const { world, session } = await runningTurn();
    for (let count = 0; count < 4; count += 1) {
      await world.clock.advance(1_700_000);
      session.runner().say(`still here ${count}`);
    }
    await world.clock.settle();
    expect(session.of('turn:failed')).toEqual([]);
    expect(typesOf(session.runner().taken)).toEqual(['turn']);
  });
});
