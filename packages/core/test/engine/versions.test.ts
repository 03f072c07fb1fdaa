import { RUNNER_PROTOCOL } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { createWorld } from '../doubles/world.ts';

const { minimum, maximum } = RUNNER_PROTOCOL;
const SPOKEN = Array.from({ length: maximum - minimum + 1 }, (_, index) => minimum + index);

/** A session whose runner was left by another server, in the middle of a turn, and a message that waits. */
async function leftBehind(version: number) {
  const world = await createWorld();
  world.sandboxes.behaviour = 'begin';
  const session = await world.session();
  const running = await session.send('running');
  await session.until('The turn runs', () => world.sandboxes.all[0]?.runner.active != null);
  await world.clock.advance(1000);
  const waiting = await session.send('waiting');
  session.runner().speaks = version;
  world.sandboxes.behaviour = 'answer';
  await world.restart();
  return { world, session, running, waiting };
}

describe('a runner that a server of another version left', () => {
  // [BOUND-runner-versions]
  it.each(SPOKEN)('is understood when it speaks version %i', async (version) => {
    const { world, session, running, waiting } = await leftBehind(version);
    session.runner().behaviour = 'answer';
    session.runner().complete();
    await session.untilQuiet();
    expect(session.outcomes(running.turnId)).toEqual(['turn:completed']);
    expect(session.outcomes(waiting.turnId)).toEqual(['turn:completed']);
    expect(world.sandboxes.all).toHaveLength(1);
  });

  // [BOUND-runner-versions]
  it.each([minimum - 1, maximum + 1])(
    'is replaced when it speaks version %i, and what waits runs in the new one',
    async (version) => {
      const { world, session, running, waiting } = await leftBehind(version);
      await session.untilQuiet();
      const [failed] = session.of('turn:failed');
      expect(failed?.payload).toMatchObject({
        turnId: running.turnId,
        code: 'sandbox_lost',
        retryable: true,
      });
      const [lost] = session.of('sandbox:lost');
      expect(lost?.payload.reason).toContain(`version ${version}`);
      expect(session.outcomes(running.turnId)).toEqual(['turn:failed']);
      expect(session.outcomes(waiting.turnId)).toEqual(['turn:completed']);
      expect(world.sandboxes.all).toHaveLength(2);
    },
  );
});
