import { rm } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import type { FaultArguments } from '../../faults/arguments.ts';
import type { KindName } from '../../faults/kinds/kind.ts';
import { failureLines, summarise } from '../../faults/report.ts';
import { runFaults } from '../../faults/run.ts';
import type { KeptResult } from '../../faults/run-scene.ts';
import type { Sabotage } from '../../faults/sabotage.ts';

/** What is bounded is the harness's own waiting; this only ends a run that hangs itself. */
const RUN_MS = 300_000;

const run = async (wish: Partial<FaultArguments> & { kinds: readonly KindName[] }) => {
  const results: KeptResult[] = [];
  const whole: FaultArguments = {
    kills: wish.kinds.length,
    seed: 1,
    json: false,
    agent: 'scripted',
    sandbox: 'plain',
    sabotage: null,
    scenes: 1,
    untilFound: false,
    ...wish,
  };
  await runFaults(whole, { onPlanned() {}, onResult: (result) => results.push(result) });
  return results;
};

describe('the fault harness', { timeout: RUN_MS }, () => {
  test('finds nothing lost, doubled or stuck after a few faults of different kinds', async () => {
    const results = await run({
      kinds: [
        'server-kill',
        'server-upgrade',
        'runner-kill',
        'sandbox-end',
        'client-kill',
        'client-drop',
        'connection-cut',
        'store-fail-after',
        'store-slow',
      ],
      scenes: 2,
    });
    expect(results.flatMap((result) => failureLines(result, 1))).toEqual([]);
    expect(summarise({ results })).toMatchObject({ faults: 9, lost: 0, doubled: 0, stuck: 0 });
  });
});

describe.concurrent('the fault harness notices', { timeout: RUN_MS }, () => {
  // What is kept of a failure is of no use when the failure was wanted.
  const kept: string[] = [];
  afterAll(async () => {
    for (const folder of kept) await rm(folder, { recursive: true, force: true });
  });

  /** At moments at which what is broken matters. One is enough; where a loaded machine misses it, there are more. */
  const notices = async (sabotage: Sabotage, kind: KindName) => {
    const results = await run({ kills: 4, kinds: [kind], sabotage, untilFound: true });
    kept.push(...results.flatMap((result) => result.kept ?? []));
    return results.flatMap(({ findings }) => findings.map(({ verdict }) => verdict));
  };

  test('a runner that sends what is not on disk yet', async () => {
    expect(await notices('skip-fsync', 'runner-kill')).toContain('lost');
  });

  test('a server that shows what is not in the log yet', async () => {
    expect(await notices('publish-before-commit', 'server-kill')).toEqual(
      expect.arrayContaining([expect.stringMatching(/lost|doubled/)]),
    );
  });

  test('a server that forgets which messages it has', async () => {
    expect(await notices('drop-dedupe', 'server-kill')).toContain('doubled');
  });

  test('a server and a runner that let a former owner in', async () => {
    expect(await notices('no-fence', 'server-takeover')).toContain('doubled');
  });

  test('a runner that does not clear up after the one before it', async () => {
    expect(await notices('no-reconcile', 'runner-kill')).toContain('stuck');
  });
});
