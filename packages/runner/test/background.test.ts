import type { EventPayload, RunnerFrame } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { useBundle } from './support/bundle.ts';
import type { Engine } from './support/engine.ts';
import { useSandboxes } from './support/sandbox.ts';

const makeSandbox = useSandboxes(useBundle());
const STEADY = 60_000;

async function started() {
  const sandbox = makeSandbox();
  const engine = sandbox.connect();
  const hello = await engine.hello();
  engine.attach({ id: hello.journal.id, offset: 0 });
  await engine.setup();
  return { sandbox, engine, hello };
}

async function isBusy(engine: Engine, id: string): Promise<boolean> {
  engine.send({ type: 'ping', id });
  const pong = await engine.find('pong', (frame) => frame.type === 'pong' && frame.id === id);
  return (pong as Extract<RunnerFrame, { type: 'pong' }>).busy;
}

/** The turn that the agent began by itself. */
async function ownTurn(engine: Engine): Promise<string> {
  const frame = await engine.find(
    'a turn of its own',
    (each) => each.type === 'event' && (each.event.payload as { origin?: string }).origin === 'agent',
  );
  return ((frame as { event: { payload: unknown } }).event.payload as EventPayload<'turn:started'>).turnId;
}

// [LIFE-background-is-life]
describe('a background task', () => {
  it('outlives its turn, and the runner is busy for as long as it lasts', async () => {
    const { engine } = await started();
    await engine.turn(`background ${STEADY}`, 'a');
    await engine.event('turn:completed', 'turn-a');
    expect(await isBusy(engine, 'during')).toBe(true);
    await engine.turn('background 1 say over', 'b');
    await engine.event('turn:completed', await ownTurn(engine));
    expect(await isBusy(engine, 'still')).toBe(true);
  });

  it('that is over keeps nobody busy', async () => {
    const { engine } = await started();
    expect(await isBusy(engine, 'before')).toBe(false);
    await engine.turn('background 1', 'a');
    await engine.event('turn:completed', await ownTurn(engine));
    expect(await isBusy(engine, 'after')).toBe(false);
  });
});

// [TURN-agent-begins]
describe('what the agent begins by itself', () => {
  it('is a turn after the one before, with blocks and an end of its own', async () => {
    const { engine } = await started();
    await engine.turn('background 0 say late\nsay soon', 'a');
    const turnId = await ownTurn(engine);
    await engine.event('turn:completed', turnId);
    const types = engine.events().flatMap(({ event }) => (event.type.startsWith('turn:') ? [event] : []));
    expect(types.map(({ type, turnId: id }) => [type, id])).toEqual([
      ['turn:started', 'turn-a'],
      ['turn:completed', 'turn-a'],
      ['turn:started', turnId],
      ['turn:completed', turnId],
    ]);
    const said = engine
      .events()
      .filter(({ event }) => event.turnId === turnId && event.type === 'block:upsert');
    expect(said.map(({ event }) => event.payload)).toMatchObject([{ block: { content: 'late', turnId } }]);
  });

  it('holds up the next message, which is refused and may be sent again', async () => {
    const { engine } = await started();
    await engine.turn('background 1 ask Bash', 'a');
    const turnId = await ownTurn(engine);
    const asked = await engine.event('permission:requested', turnId);
    await expect(engine.turn('say too early', 'b')).rejects.toMatchObject({ code: 'capacity' });
    const { requestId } = asked.event.payload as EventPayload<'permission:requested'>;
    const answer = { type: 'permission', commandId: 'answer', requestId, decision: 'allow' } as const;
    engine.send({ type: 'command', command: answer });
    await engine.event('turn:completed', turnId);
    await engine.turn('say in time', 'c');
    await engine.event('turn:completed', 'turn-c');
  });

  it('can be interrupted', async () => {
    const { engine } = await started();
    await engine.turn('background 1 text 100000 50', 'a');
    const turnId = await ownTurn(engine);
    await engine.event('block:delta', turnId);
    engine.send({ type: 'command', command: { type: 'interrupt', commandId: 'stop', turnId } });
    await engine.event('turn:interrupted', turnId);
    await engine.turn('say on', 'b');
    await engine.event('turn:completed', 'turn-b');
  });

  it('ends as runner_lost when the runner dies, and nothing stays pending', async () => {
    const { engine, sandbox, hello } = await started();
    await engine.turn('background 1 text 100000 50', 'a');
    const turnId = await ownTurn(engine);
    await engine.event('block:delta', turnId);
    await sandbox.end('SIGKILL');
    const next = sandbox.connect();
    await next.hello(2);
    next.attach({ id: hello.journal.id, offset: 0 });
    const failed = await next.event('turn:failed', turnId);
    expect(failed.event.payload).toMatchObject({ code: 'runner_lost' });
    const last = next
      .events()
      .findLast(({ event }) => event.type === 'block:upsert' && event.turnId === turnId);
    expect(last?.event.payload).toMatchObject({ block: { status: 'error' } });
  });
});
