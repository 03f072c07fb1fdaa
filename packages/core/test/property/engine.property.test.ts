import { initialState, reduce, SANDBOX_EXITS, SESSION_EXITS } from '@hhopkins/agent-protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SessionHandle } from '../doubles/world.ts';
import { type Action, action } from './actions.ts';
import { createStage, type Stage } from './stage.ts';

const OUTCOMES = ['turn:completed', 'turn:failed', 'turn:interrupted', 'turn:cancelled'];

function checkLog({ world }: Stage, session: SessionHandle): void {
  const seqs = session.events().map(({ seq }) => seq);
  const { head = 0, floor = 0 } = world.store.stream(session.id) ?? {};
  expect(new Set(seqs).size).toBe(seqs.length);
  const above = seqs.filter((seq) => seq > floor);
  expect(above).toEqual(Array.from({ length: head - floor }, (_, index) => floor + 1 + index));
  const started = session.of('turn:started').map(({ payload }) => payload.turnId);
  expect(new Set(started).size, 'no turn starts twice').toBe(started.length);
  // The agent is never given a turn again in the same sandbox.
  for (const { runner, id } of world.sandboxes.all)
    expect(new Set(runner.begun).size, `turns begun in ${id}`).toBe(runner.begun.length);
}

/** Sessions and their sandboxes go no way that the protocol does not tell. */
function checkLife(session: SessionHandle): void {
  let before = initialState(session.id);
  for (const event of session.events()) {
    const { status, sandbox } = before.session;
    before = reduce(before, event);
    const after = before.session;
    if (after.status !== status)
      expect(SESSION_EXITS[status], `${status} at ${event.type}`).toContain(after.status);
    if (after.sandbox.status !== sandbox.status)
      expect(SANDBOX_EXITS[sandbox.status], `sandbox at ${event.type}`).toContain(after.sandbox.status);
  }
}

function checkOutcomes(stage: Stage, session: SessionHandle): void {
  for (const { payload } of session.of('turn:queued')) {
    expect(session.outcomes(payload.turnId), `outcome of turn ${payload.turnId}`).toHaveLength(1);
  }
  const ends = session.events().filter(({ type }) => OUTCOMES.includes(type));
  const alone = session.of('turn:started').filter(({ payload }) => payload.origin === 'agent');
  for (const { payload } of alone) expect(session.outcomes(payload.turnId)).toHaveLength(1);
  expect(ends).toHaveLength(session.of('turn:queued').length + alone.length);
  checkLife(session);
  const shown = new Set(session.of('block:upsert').map(({ payload }) => payload.block.id));
  const queued = new Set(session.of('turn:queued').map(({ payload }) => payload.messageId));
  for (const { answer } of stage.acknowledged.filter((each) => each.session === session)) {
    const { turnId, messageId } = answer;
    expect(session.outcomes(turnId), `outcome of acknowledged turn ${turnId}`).toHaveLength(1);
    expect(shown.has(messageId) || queued.has(messageId), `message ${messageId} is not lost`).toBe(true);
  }
}

async function checkState({ world }: Stage, session: SessionHandle): Promise<void> {
  const now = await world.clock.wait(world.engine.sessions.get(session.id));
  const reduced = session.events().reduce(reduce, initialState(session.id));
  expect(now.session).toEqual(reduced.session);
  expect(now.conversation).toEqual(reduced.conversation);
  expect(now.files).toEqual(reduced.files);
  expect(now.session).toMatchObject({ status: 'idle', queue: [], activeTurn: null });
  expect(now.pending).toEqual({ permissions: [], questions: [] });
  expect(now.conversation.blocks.filter(({ status }) => status === 'pending')).toEqual([]);
  const open = await world.clock.wait(world.store.eventLog.openCommands(session.id));
  expect(open, 'commands without an end').toEqual([]);
}

function checkAnswers({ acknowledged, sessions }: Stage): void {
  for (const session of sessions) {
    for (const key of ['a', 'b', 'c']) {
      const answers = acknowledged.filter((each) => each.session === session && each.key === key);
      for (const { answer } of answers) expect(answer).toEqual(answers[0]?.answer);
    }
  }
}

/** Whenever and however often they came back, clients know what the server knows. */
async function checkReaders({ clients, sessions, world }: Stage): Promise<void> {
  for (const [index, client] of clients.entries()) {
    const session = sessions[index];
    if (!session) continue;
    // What was compacted away since, it may have seen.
    const whole = world.store.stream(session.id)?.floor === 0;
    if (client.resets === 0 && whole) expect(client.seen).toEqual(session.events());
    const now = await world.clock.wait(world.engine.sessions.get(session.id));
    const { session: state, conversation, files, seq } = now;
    expect(client.seq).toBe(seq);
    expect(client.state).toEqual({ session: state, conversation, files });
  }
}

async function checkEnd({ world, sessions }: Stage): Promise<void> {
  await world.clock.advance(2_400_000);
  expect(
    world.sandboxes.alive().map(({ id }) => id),
    'sandboxes that nobody uses',
  ).toEqual([]);
  for (const session of sessions) expect(world.store.record(session.id)?.sandbox ?? null).toBeNull();
  expect(world.engine.status().sessions).toBe(0);
  await world.stop();
  await world.clock.advance(60_000);
  expect(world.clock.timers, 'timers that go on').toBe(0);
}

async function playAll(stage: Stage, actions: readonly Action[]): Promise<void> {
  for (const each of actions) {
    await stage.play(each);
    for (const session of stage.sessions) checkLog(stage, session);
  }
  await stage.heal();
  for (const session of stage.sessions) {
    checkLog(stage, session);
    checkOutcomes(stage, session);
    await checkState(stage, session);
  }
  checkAnswers(stage);
  await checkReaders(stage);
  await checkEnd(stage);
}

it('whatever happens in whatever order, nothing that was acknowledged is lost or done twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
      const stage = await createStage();
      await playAll(stage, actions);
      for (const { resets } of stage.clients) expect(resets, 'no reader is sent back').toBe(0);
    }),
    { numRuns: 60 },
  );
}, 120_000);

it('the same holds while the log is compacted all the time', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
      await playAll(await createStage({ snapshotEvery: 5, keepEvents: 3, keepEventsMs: 0 }), actions);
    }),
    { numRuns: 30 },
  );
}, 120_000);
