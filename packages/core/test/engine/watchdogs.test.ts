import type { EngineFrame } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { createWorld } from '../doubles/world.ts';

const HOUR_MS = 3_600_000;

/** What a message comes to when its runner hears nothing of a kind, and by when: see the watchdogs in `PROTOCOL.md`. */
const DEAF: [EngineFrame['type'], outcome: string, code: string | undefined, withinMs: number][] = [
  ['setup', 'turn:failed', 'sandbox_unavailable', 600_000],
  ['command', 'turn:failed', 'sandbox_unavailable', 600_000],
  // The turn runs, and nothing is heard of it.
  ['attach', 'turn:failed', 'turn_timeout', HOUR_MS],
  ['open', 'turn:completed', undefined, 60_000],
  ['ping', 'turn:completed', undefined, 60_000],
  ['ack', 'turn:completed', undefined, 60_000],
];

// [LIFE-every-wait-bounded]
describe('a runner that hears nothing of a kind', () => {
  it.each(DEAF)(
    '(%s) keeps neither message nor session waiting for ever',
    async (type, outcome, code, ms) => {
      const world = await createWorld();
      world.sandboxes.onCreate = ({ runner }) => void runner.deafTo.add(type);
      const session = await world.session();
      const { turnId } = await session.send();
      await session.until('It has its outcome', () => session.outcomes(turnId).length > 0, ms);
      expect(session.outcomes(turnId)).toEqual([outcome]);
      expect(session.of('turn:failed')[0]?.payload.code).toBe(code);
      await world.clock.until('No sandbox is left', () => world.sandboxes.alive().length === 0, 2 * HOUR_MS);
      await world.clock.advance(10_000);
      expect(world.engine.status().sessions).toBe(0);
      world.sandboxes.onCreate = () => {};
      const next = await session.send('again');
      await session.untilQuiet();
      expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
    },
  );
});

// [LIFE-every-wait-bounded]
describe('a provider that hangs', () => {
  it('while a sandbox is looked for costs the turn, not the session', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'begin';
    const session = await world.session();
    const { turnId } = await session.send();
    await session.untilEvent('turn:started');
    world.sandboxes.attaching = 'hang';
    await world.restart();
    await session.until('It has its outcome', () => session.outcomes(turnId).length > 0, 600_000);
    expect(session.of('turn:failed')[0]?.payload.code).toBe('sandbox_lost');
    world.sandboxes.attaching = 'found';
    world.sandboxes.behaviour = 'answer';
    const next = await session.send('again');
    await session.untilQuiet();
    expect(session.outcomes(next.turnId)).toEqual(['turn:completed']);
  });
});
