import { expect, it } from 'vitest';
import { createDeferred } from '../deferred.ts';
import type { AgentDriver, DriverEvent, TurnEnd } from '../drivers/driver.ts';
import { startAgentTurn, type TurnParts } from './turn-run.ts';

/** A turn of the agent's own, whose look at the workspace does not end. */
function begin() {
  const written: DriverEvent[] = [];
  const ended = createDeferred<TurnEnd>();
  let ends = 0;
  const parts = {
    journal: {
      state: { blocks: new Map(), subagents: new Map() },
      reserveLeft: () => 1_000_000,
      flush: async () => {},
    },
    recorder: { settle() {}, writeFromReserve: (event: DriverEvent) => void written.push(event) },
    scan: () => new Promise(() => {}),
    interruptMs: 1000,
    log() {},
    onEnd() {
      ends += 1;
    },
  } as unknown as TurnParts;
  const turn = startAgentTurn({ turnId: 'agent-1', driver: {} as AgentDriver, ended: ended.promise }, parts);
  return { turn, ended, written, ends: () => ends, types: () => written.map(({ type }) => type) };
}

it('a turn whose agent still works cannot be concluded', () => {
  const { turn, types } = begin();
  expect(turn.conclude()).toBe(false);
  expect(types()).toEqual(['turn:started']);
});

it('a turn whose agent rests is concluded at once, and once, though its workspace is still looked at', async () => {
  const { turn, ended, types, ends } = begin();
  ended.resolve({ outcome: 'completed' });
  await new Promise((resolve) => setImmediate(resolve));
  expect(types()).toEqual(['turn:started']);
  expect(turn.conclude()).toBe(true);
  expect(turn.conclude()).toBe(true);
  expect(types()).toEqual(['turn:started', 'turn:completed']);
  expect(ends()).toBe(1);
});

it('a turn that is abandoned while its agent works is given no end', async () => {
  const { turn, ended, types, ends } = begin();
  turn.abandon();
  await turn.done;
  ended.resolve({ outcome: 'completed' });
  await new Promise((resolve) => setImmediate(resolve));
  expect(turn.conclude()).toBe(false);
  expect(types()).toEqual(['turn:started']);
  expect(turn.muted).toBe(true);
  expect(ends()).toBe(0);
});

it('a turn that is abandoned when its agent rests has its end', async () => {
  const { turn, ended, types } = begin();
  ended.resolve({ outcome: 'completed' });
  await new Promise((resolve) => setImmediate(resolve));
  turn.abandon();
  expect(types()).toEqual(['turn:started', 'turn:completed']);
});
