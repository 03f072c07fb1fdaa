import { rm } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FaultArguments } from '../../faults/arguments.ts';
import { failureLines, summarise } from '../../faults/report.ts';
import { runFaults } from '../../faults/run.ts';
import { planSchedule } from '../../faults/schedule.ts';

/** What is bounded is the harness's own waiting; this only ends a run that hangs itself. */
const RUN_MS = 300_000;

const wish = (changes: Partial<FaultArguments>): FaultArguments => ({
  kills: 8,
  seed: 1,
  json: false,
  kinds: null,
  agent: 'scripted',
  sandbox: 'plain',
  sabotage: null,
  ...changes,
});

describe('the fault harness', { timeout: RUN_MS }, () => {
  test('finds nothing lost, doubled or stuck after a few faults of different kinds', async () => {
    const failures: string[] = [];
    const run = await runFaults(
      wish({
        kinds: [
          'server-kill',
          'server-upgrade',
          'runner-kill',
          'sandbox-end',
          'client-drop',
          'connection-cut',
          'store-fail-after',
          'store-slow',
        ],
      }),
      (result, kept) => failures.push(...failureLines(result, 1, kept)),
    );
    expect(failures).toEqual([]);
    expect(summarise(run)).toMatchObject({ faults: 8, lost: 0, doubled: 0, stuck: 0 });
  });

  test('notices a server that forgets which messages it has', async () => {
    const kept: string[] = [];
    // What is kept of a failure is of no use when the failure was wanted.
    onTestFinished(async () => {
      for (const folder of kept) await rm(folder, { recursive: true, force: true });
    });
    const run = await runFaults(
      wish({ kills: 1, kinds: ['server-kill'], sabotage: 'drop-dedupe' }),
      (_, folder) => {
        if (folder) kept.push(folder);
      },
    );
    expect(summarise(run)).toMatchObject({ faults: 1, doubled: 1 });
  });

  test('plans the same faults for the same seed, and others for another', () => {
    const plan = (seed: number) =>
      planSchedule(wish({ seed, kills: 60, agent: 'mixed', sandbox: 'mixed' }), true);
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
  });

  test('gives every kind its share, and says why one cannot be had', () => {
    const { scenes, skipped } = planSchedule(wish({ kills: 28 }), false);
    expect(skipped.map(({ kind }) => kind)).toEqual(['relay-kill', 'agent-kill', 'disk-full']);
    const kinds = scenes.flatMap(({ passes }) =>
      passes.flatMap(({ faults }) => faults.map(({ kind }) => kind)),
    );
    const counts = [...new Set(kinds)].map((kind) => kinds.filter((each) => each === kind).length);
    expect(counts).toEqual(Array.from({ length: 14 }, () => 2));
  });
});
