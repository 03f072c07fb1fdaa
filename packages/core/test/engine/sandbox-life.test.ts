import { describe, expect, it } from 'vitest';
import type { EngineSettings } from '../../src/settings.ts';
import { ANNA, createWorld, type SessionHandle, type World } from '../doubles/world.ts';

async function answered(
  settings: Partial<EngineSettings> = {},
): Promise<{ world: World; session: SessionHandle }> {
  const world = await createWorld({ settings });
  const session = await world.session();
  await session.send('hello');
  await session.untilQuiet();
  return { world, session };
}

const IDLE_MS = 900_000;
const wake = (world: World, session: SessionHandle) =>
  world.clock.wait(world.engine.sessions.wake(ANNA, session.id));

describe('a session that nobody uses', () => {
  it('is saved, and its sandbox given back', async () => {
    const { world, session } = await answered();
    session.runner().write('notes.txt', 'kept');
    await session.untilEvent('sandbox:terminated');
    expect(session.types().slice(-3)).toEqual(['session:idle', 'sandbox:releasing', 'sandbox:terminated']);
    expect(world.sandboxes.alive()).toEqual([]);
    expect(world.store.file(session.id, 'notes.txt')).toBe('kept');
    expect(world.store.record(session.id)?.sandbox).toBeNull();
    expect(world.store.transcript(session.id)).toContain('answer to hello');
  });

  it('is let go of by the server, and opened again with a higher epoch', async () => {
    const { world, session } = await answered();
    await session.untilEvent('sandbox:terminated');
    await world.clock.advance(1000);
    expect(world.engine.status().sessions).toBe(0);
    const next = await session.send('again');
    await session.untilQuiet();
    expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
  });

  it('wakes with the next message, natively restored', async () => {
    const { world, session } = await answered();
    session.runner().write('notes.txt', 'kept');
    await session.untilEvent('sandbox:terminated');
    await session.send('again');
    await session.untilQuiet();
    expect(session.of('session:restored')[0]?.payload).toMatchObject({
      fidelity: 'native',
      workspaceAsOf: expect.any(String),
      transcriptAsOf: expect.any(String),
    });
    expect(world.sandboxes.all).toHaveLength(2);
    expect(new TextDecoder().decode(session.sandbox().disk.read('notes.txt'))).toBe('kept');
    expect(session.sandbox().disk.transcript.join()).toContain('answer to hello');
    expect(session.runner().setups[0]?.agentSessionId).toBe('agent-session');
  });

  it('keeps its sandbox when it is used again in time', async () => {
    const { world, session } = await answered();
    await world.clock.advance(IDLE_MS - 60_000);
    await session.send('again');
    await session.untilQuiet();
    await world.clock.advance(IDLE_MS - 60_000);
    expect(world.sandboxes.alive()).toHaveLength(1);
  });

  it('is not kept by a program that only writes files', async () => {
    const { world, session } = await answered();
    for (let count = 0; count < 20 && world.sandboxes.alive().length > 0; count += 1) {
      session.runner().write('server.log', `line ${count}`);
      await world.clock.advance(100_000);
    }
    expect(world.sandboxes.alive()).toEqual([]);
  });

  it('keeps its sandbox while the store cannot take what is in it', async () => {
    const { world, session } = await answered();
    session.runner().write('notes.txt', 'kept');
    await world.clock.advance(IDLE_MS - 60_000);
    session.runner().write('notes.txt', 'kept more');
    world.store.faults.down = true;
    await world.clock.advance(600_000);
    expect(world.sandboxes.alive()).toHaveLength(1);
    world.store.faults.clear();
    await session.untilEvent('sandbox:terminated');
    expect(world.store.file(session.id, 'notes.txt')).toBe('kept more');
  });
});

describe('a message that comes while the sandbox is given back', () => {
  it('runs at once in the sandbox, which stays', async () => {
    const { world, session } = await answered();
    await world.clock.advance(IDLE_MS - 1000);
    session.runner().write('notes.txt', 'more to save');
    world.store.faults.script('saveWorkspaceFile', 'hang', 'hang');
    await world.clock.advance(2000);
    await session.send('wait');
    await session.until('It answers', () => session.of('turn:completed').length === 2, 5000);
    expect(world.sandboxes.alive()).toHaveLength(1);
    expect(session.types()).not.toContain('sandbox:terminated');
  });

  it('keeps the sandbox when it comes in the very last moment', async () => {
    const { world, session } = await answered({ groupCommit: { windowMs: 1000, maximumEvents: 500 } });
    world.sandboxes.all[0]?.runner.say('the last sign of life');
    await world.clock.advance(IDLE_MS + 1500);
    expect(session.types()).not.toContain('session:idle');
    const { turnId } = await session.send('wait');
    await session.untilQuiet();
    await world.clock.advance(10_000);
    expect(session.types()).toContain('session:idle');
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
    expect(world.sandboxes.all).toHaveLength(1);
    expect(session.types()).not.toContain('sandbox:terminated');
  });

  it('gets a new sandbox when the end has begun', async () => {
    const { session } = await answered();
    await session.untilEvent('session:idle');
    const next = await session.send('again');
    await session.untilQuiet();
    expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
  });
});

describe('a sandbox', () => {
  it('is claimed in the store before it exists, so that it can never be forgotten', async () => {
    const world = await createWorld();
    const session = await world.session();
    const claims: unknown[] = [];
    world.sandboxes.onCreate = ({ labels }) => {
      claims.push([labels.nonce, world.store.record(session.id)?.sandbox?.nonce]);
    };
    await session.send();
    await session.untilQuiet();
    expect(claims).toHaveLength(1);
    expect(claims).toEqual([[expect.any(String), session.sandbox().labels.nonce]]);
  });
});

describe('a sandbox that cannot be had', () => {
  it('gives every waiting message an outcome, and the error is named', async () => {
    const world = await createWorld();
    const session = await world.session();
    world.sandboxes.creations.push('hang');
    const first = await session.send('one');
    const second = await session.send('two');
    await session.untilQuiet();
    for (const { turnId } of [first, second]) expect(session.outcomes(turnId)).toEqual(['turn:failed']);
    expect(session.of('turn:failed')[0]?.payload).toMatchObject({
      code: 'sandbox_unavailable',
      retryable: true,
    });
    expect(session.of('error')[0]?.payload.code).toBe('sandbox_unavailable');
    expect((await session.state()).sandbox.status).toBe('none');
  });

  it('is no obstacle to the next message', async () => {
    const world = await createWorld();
    const session = await world.session();
    world.sandboxes.creations.push('fail');
    await session.send('one');
    await session.untilQuiet();
    const next = await session.send('two');
    await session.untilQuiet();
    expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
  });

  it('is named when the agent is not installed, and the sandbox is ended', async () => {
    const world = await createWorld();
    world.sandboxes.onCreate = ({ runner }) => {
      runner.setupFault = 'agent_not_installed';
    };
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    await world.clock.advance(1000);
    expect(session.of('turn:failed')[0]?.payload.code).toBe('agent_not_installed');
    expect(world.sandboxes.alive()).toEqual([]);
  });

  it('fails the messages when its runner never answers', async () => {
    const world = await createWorld();
    world.sandboxes.onCreate = ({ runner }) => {
      runner.stalled = true;
    };
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    expect(session.of('turn:failed')[0]?.payload.code).toBe('sandbox_unavailable');
    await world.clock.advance(120_000);
    expect(world.sandboxes.alive()).toEqual([]);
  });

  it('is not asked for again and again when none survives', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'take';
    world.sandboxes.onCreate = (sandbox) => void world.clock.schedule(1000, () => sandbox.lose());
    const session = await world.session();
    const { turnId } = await session.send();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:failed']);
    expect(world.sandboxes.all.length).toBeLessThanOrEqual(3);
  });

  it('that was made although its maker was told otherwise is reaped as an orphan', async () => {
    const world = await createWorld();
    const session = await world.session();
    world.sandboxes.creations.push('made-but-unknown');
    await session.send();
    await session.untilQuiet();
    expect(world.sandboxes.alive()).toHaveLength(1);
    await world.clock.advance(1_200_000);
    expect(world.sandboxes.alive()).toEqual([]);
  });
});

describe('a sandbox that is lost', () => {
  it('ends its turn with one explicit outcome, and nothing stays open', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'begin';
    const session = await world.session();
    const { turnId } = await session.send();
    await session.untilEvent('turn:started');
    const timestamp = new Date(world.clock.now()).toISOString();
    session.runner().emit('block:upsert', {
      block: { id: 'open', type: 'assistant_text', content: 'half', timestamp, status: 'pending' },
    });
    await world.clock.advance(100);
    session.sandbox().lose();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:failed']);
    expect(session.of('turn:failed')[0]?.payload).toMatchObject({ code: 'sandbox_lost', retryable: true });
    expect(session.of('sandbox:lost')).toHaveLength(1);
    const { conversation } = await world.clock.wait(world.engine.sessions.get(session.id));
    expect(conversation.blocks.find(({ id }) => id === 'open')?.status).toBe('error');
  });

  it('is replaced for the next message, restored as last saved', async () => {
    const { world, session } = await answered();
    session.runner().write('notes.txt', 'saved');
    await world.clock.wait(world.engine.sessions.sync(ANNA, session.id));
    session.sandbox().lose();
    await session.untilEvent('sandbox:lost');
    const next = await session.send('again');
    await session.untilQuiet();
    expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
    expect(session.of('session:restored')[0]?.payload.fidelity).toBe('native');
    expect(session.sandbox().disk.read('notes.txt')).toBeDefined();
  });

  it('takes nothing from the messages that wait', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'begin';
    const session = await world.session();
    await session.send('first');
    await session.untilEvent('turn:started');
    const waiting = await session.send('second');
    world.sandboxes.behaviour = 'answer';
    session.sandbox().lose();
    await session.untilQuiet();
    expect(session.outcomes(waiting.turnId)).toEqual(['turn:completed']);
  });

  it('gives a message that its runner took, but did not begin, to the next', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'take';
    const session = await world.session();
    const { turnId } = await session.send();
    await session.untilTaken(1);
    world.sandboxes.behaviour = 'answer';
    session.sandbox().lose();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:completed']);
  });

  it('is noticed even when nothing runs in it', async () => {
    const { session } = await answered();
    session.sandbox().lose();
    await session.untilEvent('sandbox:lost');
    expect((await session.state()).sandbox.status).toBe('lost');
  });
});

describe('a runner', () => {
  it('that crashes ends its turn as runner_lost, and the next one goes on in the same sandbox', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'begin';
    const session = await world.session();
    const { turnId } = await session.send();
    await session.untilEvent('turn:started');
    session.runner().behaviour = 'answer';
    session.runner().crash();
    const next = await session.send('again');
    await session.untilQuiet();
    expect(session.of('turn:failed')[0]?.payload).toMatchObject({ turnId, code: 'runner_lost' });
    expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
    expect(world.sandboxes.all).toHaveLength(1);
    expect(session.runner().begun).toEqual([turnId, next.turnId]);
  });

  it('that has no memory of the running turn leaves it with an outcome', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'begin';
    const session = await world.session();
    const { turnId } = await session.send();
    await session.untilEvent('turn:started');
    session.runner().forget();
    session.runner().cutLinks();
    await session.untilQuiet();
    expect(session.outcomes(turnId)).toEqual(['turn:failed']);
    expect(session.of('turn:failed')[0]?.payload.code).toBe('runner_lost');
  });

  it('that stalls is noticed by its silence, and counts as lost in the end', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'begin';
    const session = await world.session();
    const { turnId } = await session.send();
    await session.untilEvent('turn:started');
    session.runner().stalled = true;
    await session.untilQuiet(300_000);
    expect(session.of('turn:failed')[0]?.payload).toMatchObject({ turnId, code: 'sandbox_lost' });
  });

  it('that stalls for a moment only loses its connection', async () => {
    const { world, session } = await answered();
    session.runner().stalled = true;
    await world.clock.advance(50_000);
    session.runner().stalled = false;
    const next = await session.send('again');
    await session.untilQuiet();
    expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
    expect(world.sandboxes.all).toHaveLength(1);
  });
});

describe('waking', () => {
  it('gets a session a sandbox without a message', async () => {
    const world = await createWorld();
    const session = await world.session();
    const state = await wake(world, session);
    expect(state.sandbox.status).toBe('ready');
    expect(world.sandboxes.alive()).toHaveLength(1);
  });

  it('does nothing when there is one', async () => {
    const { world, session } = await answered();
    await wake(world, session);
    expect(world.sandboxes.all).toHaveLength(1);
  });

  it('rejects with the reason when there is none to be had', async () => {
    const world = await createWorld();
    const session = await world.session();
    world.sandboxes.creations.push('fail');
    await expect(wake(world, session)).rejects.toMatchObject({ code: 'sandbox_unavailable' });
    await world.clock.advance(60_000);
    expect(world.sandboxes.all).toEqual([]);
    expect(world.engine.status().sessions).toBe(0);
  });

  it('rejects when the session is deleted meanwhile', async () => {
    const world = await createWorld();
    const session = await world.session();
    world.sandboxes.creations.push('hang');
    const waking = world.engine.sessions.wake(ANNA, session.id);
    const outcome = expect(waking).rejects.toMatchObject({ code: 'session_terminated' });
    await world.clock.advance(1000);
    await world.clock.wait(world.engine.sessions.delete(ANNA, session.id));
    await outcome;
  });
});
