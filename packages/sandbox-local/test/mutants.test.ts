import {
  runCases,
  type SandboxKit,
  sandboxCases,
  sandboxMutants,
  sandboxSetup,
} from '@hhopkins/agent-testkit/sandbox';
import { describe, expect, test } from 'vitest';
import { bubblewrap, plainProcesses } from '../src/index.ts';
import { sandboxDirectory } from './support/directory.ts';
import { createElsewhere } from './support/elsewhere.ts';

const directory = sandboxDirectory();
const settings = { directory, terminateGraceMs: 100 };

const plain: SandboxKit = {
  name: 'plain processes',
  createProvider: () => plainProcesses(settings),
  createElsewhere: (spec) => createElsewhere('plain', directory, spec),
};
const isolated: SandboxKit = { name: 'bubblewrap', createProvider: () => bubblewrap(settings) };

/** Cases that only an isolating provider can be asked. */
const ISOLATING = ['network-none-reaches-nothing', 'mounts-are-read-only'];

/** A mutant that hangs has shown its fault; there is no need to wait as long as a good provider may take. */
const HANGING_MS = 4_000;
const hanging = sandboxCases.map((each) => ({ ...each, timeoutMs: HANGING_MS }));

describe('the sandbox kit catches a provider that', () => {
  // [KIT-mutants-caught]
  test.each(sandboxMutants)('$name', async (mutant) => {
    const good = ISOLATING.includes(mutant.breaks) ? isolated : plain;
    const cases = mutant.hangs ? hanging : sandboxCases;
    const [result] = await runCases(cases, sandboxSetup(mutant.wrap(good)), { only: [mutant.breaks] });
    expect(result).toMatchObject({ id: mutant.breaks, outcome: 'failed' });
    // What is caught is the fault itself, and not just slowness.
    if (!mutant.hangs) expect(String(result?.error)).not.toContain('not done within');
  });

  test('the mutants break most of what the kit asks', () => {
    const broken = new Set(sandboxMutants.map(({ breaks }) => breaks));
    const never = sandboxCases.map(({ id }) => id).filter((id) => !broken.has(id));
    // What is left can only be broken by providers of another kind: those without mounts or limits, for one.
    expect(never).toEqual([
      'terminate-ends-processes-without-environment',
      'mounts-that-cannot-be-are-refused',
      'limits-that-cannot-be-are-refused',
    ]);
  });
});
