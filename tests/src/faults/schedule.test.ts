import { describe, expect, test } from 'vitest';
import { type FaultArguments, readArguments } from '../../faults/arguments.ts';
import { KIND_NAMES } from '../../faults/kinds/kind.ts';
import { planLine } from '../../faults/report.ts';
import { type PlannedFault, planSchedule } from '../../faults/schedule.ts';

const plan = (line: string, canFillDisk = true) => {
  const wish: FaultArguments = readArguments(line.split(' '));
  const schedule = planSchedule(wish, canFillDisk);
  const faults = schedule.scenes.flatMap(({ passes }) => passes).flatMap((pass) => pass.faults);
  return { ...schedule, faults, line: planLine(schedule, wish.kills) };
};
const count = (faults: readonly PlannedFault[], like: Partial<PlannedFault>): number =>
  faults.filter((fault) => Object.entries(like).every(([name, value]) => Object(fault)[name] === value))
    .length;

describe('the schedule of 200 faults', () => {
  const { faults, line } = plan('--kills 200 --seed 7');

  test('has twelve of each kind, which is more than 200, and says so', () => {
    expect(KIND_NAMES.map((kind) => count(faults, { kind }))).toEqual(KIND_NAMES.map(() => 12));
    expect(line).toBe(
      '216 faults (more than 200, so that every kind gets the same number): 12 of each of 18 kinds, 70 on Claude, 108 in bubblewrap',
    );
  });

  test('has half of each kind in bubblewrap and half in plain processes', () => {
    for (const kind of KIND_NAMES) {
      expect(count(faults, { kind, sandbox: 'plain' })).toBe(6);
      expect(count(faults, { kind, sandbox: 'bubblewrap' })).toBe(6);
    }
  });

  test('has more than 50 on Claude: some of each kind, in both sandboxes, and all that only Claude has', () => {
    expect(count(faults, { agent: 'claude', sandbox: 'plain' })).toBeGreaterThan(25);
    expect(count(faults, { agent: 'claude', sandbox: 'bubblewrap' })).toBeGreaterThan(25);
    for (const kind of KIND_NAMES) expect(count(faults, { kind, agent: 'claude' })).toBeGreaterThanOrEqual(2);
    for (const kind of ['agent-kill', 'relay-kill'] as const)
      expect(count(faults, { kind, agent: 'claude' })).toBe(12);
  });

  test('kills some clients while they send, and some at other moments', () => {
    const kills = faults.filter(({ kind }) => kind === 'client-kill');
    expect(count(kills, { after: 'sending' })).toBeGreaterThan(0);
    expect(count(kills, { after: 'sending' })).toBeLessThan(kills.length);
    expect(count(faults, { after: 'sending' })).toBe(count(kills, { after: 'sending' }));
  });
});

describe('a schedule', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(plan('--kills 60 --seed 7')).toEqual(plan('--kills 60 --seed 7'));
    expect(plan('--kills 60 --seed 7').faults).not.toEqual(plan('--kills 60 --seed 8').faults);
  });

  test('numbers its faults, each once', () => {
    const numbers = plan('--kills 60').faults.map(({ number }) => number);
    expect(numbers.sort((left, right) => left - right)).toEqual(numbers.map((_, index) => index + 1));
    expect(numbers).toHaveLength(72);
  });

  test('says why a kind cannot be had, and shares among the others', () => {
    const { skipped, faults } = plan('--kills 30 --agent scripted', false);
    expect(skipped.map(({ kind }) => kind)).toEqual(['relay-kill', 'agent-kill', 'disk-full']);
    expect(new Set(faults.map(({ kind }) => kind)).size).toBe(15);
    expect(faults).toHaveLength(30);
  });

  test('of fewer faults than kinds has just these', () => {
    expect(plan('--kills 5').faults).toHaveLength(5);
  });

  test('aims at running turns when it has to prove that something is broken', () => {
    const { faults } = plan('--kills 20 --kinds runner-kill --sabotage skip-fsync');
    expect(count(faults, { after: 'started' })).toBe(20);
  });
});
