import { describe, expect, it } from 'vitest';
import { ANNA, createWorld, type SessionHandle, type World } from '../doubles/world.ts';

async function asking(): Promise<{ world: World; session: SessionHandle; turnId: string }> {
  const world = await createWorld();
  world.sandboxes.behaviour = 'begin';
  const session = await world.session();
  const { turnId } = await session.send('work');
  await session.untilEvent('turn:started');
  session.runner().ask('ask-1');
  session.runner().question('question-1');
  await session.untilEvent('question:requested');
  return { world, session, turnId };
}

type Decision = 'allow' | 'deny' | 'allow_always';
const decide = (world: World, session: SessionHandle, decision: Decision = 'allow', requestId = 'ask-1') =>
  world.clock.wait(world.engine.sessions.answerPermission(ANNA, session.id, requestId, { decision }));
const answer = (world: World, session: SessionHandle, requestId = 'question-1') =>
  world.clock.wait(
    world.engine.sessions.answerQuestion(ANNA, session.id, requestId, { answers: { 'Which?': 'A' } }),
  );

describe('an open ask', () => {
  it('makes the session wait', async () => {
    const { session } = await asking();
    expect((await session.state()).status).toBe('waiting');
  });

  it('is answered to the runner, and says by whom', async () => {
    const { world, session } = await asking();
    await decide(world, session, 'deny');
    await answer(world, session);
    await session.untilTaken(3);
    expect(session.runner().taken.slice(1)).toMatchObject([
      { type: 'permission', requestId: 'ask-1', decision: 'deny' },
      { type: 'question', requestId: 'question-1', answers: { 'Which?': 'A' } },
    ]);
    expect(session.of('permission:resolved')[0]?.payload).toEqual({
      requestId: 'ask-1',
      outcome: 'deny',
      by: 'anna',
    });
    expect((await session.state()).status).toBe('running');
  });

  it('is answered once: a second answer is told so', async () => {
    const { world, session } = await asking();
    await decide(world, session);
    await expect(decide(world, session, 'deny')).rejects.toMatchObject({ code: 'already_resolved' });
    await answer(world, session);
    await expect(answer(world, session)).rejects.toMatchObject({ code: 'already_resolved' });
  });

  it('takes one of two answers that come at the same time', async () => {
    const { world, session } = await asking();
    const answers = await Promise.allSettled([decide(world, session), decide(world, session, 'deny')]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(session.of('permission:resolved')).toHaveLength(1);
  });

  it('that never was is not found', async () => {
    const { world, session } = await asking();
    await expect(decide(world, session, 'allow', 'other')).rejects.toMatchObject({
      code: 'request_not_found',
    });
  });

  it('expires with its turn, and a late answer is told so', async () => {
    const { world, session } = await asking();
    session.runner().complete();
    await session.untilQuiet();
    expect(session.of('permission:resolved')[0]?.payload.outcome).toBe('expired');
    expect(session.types().indexOf('permission:resolved')).toBeLessThan(
      session.types().indexOf('turn:completed'),
    );
    await expect(decide(world, session)).rejects.toMatchObject({ code: 'request_expired', status: 409 });
    await expect(answer(world, session)).rejects.toMatchObject({ code: 'request_expired' });
  });

  it('expires when the sandbox is lost', async () => {
    const { world, session } = await asking();
    session.sandbox().lose();
    await session.untilQuiet();
    await expect(decide(world, session)).rejects.toMatchObject({ code: 'request_expired' });
  });

  it('that nobody answers in time is denied, and its turn goes on', async () => {
    const { world, session } = await asking();
    await session.untilEvent('permission:resolved');
    await world.clock.advance(1000);
    expect(session.of('permission:resolved')[0]?.payload).toMatchObject({ outcome: 'timeout', by: 'engine' });
    expect(session.runner().taken.slice(1)).toMatchObject([
      { type: 'permission', requestId: 'ask-1', decision: 'deny' },
      { type: 'question', requestId: 'question-1', answers: {} },
    ]);
    expect((await session.state()).status).toBe('running');
    await expect(decide(world, session)).rejects.toMatchObject({ code: 'request_expired' });
  });

  it('does not take others with it when its time is over', async () => {
    const { world, session } = await asking();
    await answer(world, session);
    await world.clock.advance(1_800_000);
    session.runner().ask('ask-2');
    await session.untilEvent('permission:resolved');
    await world.clock.advance(1000);
    expect((await session.state()).pending.permissions.map(({ requestId }) => requestId)).toEqual(['ask-2']);
  });

  it('survives the server, and is then answered', async () => {
    const { world, session } = await asking();
    await world.restart();
    await decide(world, session);
    await session.untilTaken(2);
    expect(session.runner().taken[1]).toMatchObject({ type: 'permission', requestId: 'ask-1' });
  });

  it('of a session where nothing runs is not let in', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    session.runner().ask('ask-1');
    await world.clock.advance(1000);
    expect(session.of('permission:requested')).toEqual([]);
  });
});

describe('allowing always', () => {
  it('is remembered by the session, for its next sandbox', async () => {
    const { world, session } = await asking();
    await decide(world, session, 'allow_always');
    expect((await session.state()).allowedTools).toEqual(['Bash']);
    session.sandbox().lose();
    world.sandboxes.behaviour = 'answer';
    await session.send('again');
    await session.untilQuiet();
    expect(session.runner().setups[0]?.allowedTools).toEqual(['Bash']);
  });
});
