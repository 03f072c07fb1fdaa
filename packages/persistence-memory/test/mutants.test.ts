import { type Case, runCases } from '@hhopkins/agent-testkit';
import {
  eventLogCases,
  leaseCases,
  persistenceCases,
  type StoreContext,
  storeMutants,
  storeSetup,
  type WholeStore,
} from '@hhopkins/agent-testkit/persistence';
import { describe, expect, test } from 'vitest';
import { memoryPersistence } from '../src/index.ts';

const cases: readonly Case<StoreContext<WholeStore>>[] = [
  ...persistenceCases,
  ...eventLogCases,
  ...leaseCases,
];

describe('the conformance kits catch a store that', () => {
  for (const { name, breaks, wrap } of storeMutants) {
    // [KIT-mutants-caught]
    test(`${name} (${breaks})`, async () => {
      const setup = storeSetup<WholeStore>({ name, create: () => wrap(memoryPersistence()) });
      const results = await runCases(cases, setup, { only: [breaks] });
      expect(results.map(({ id, outcome }) => [id, outcome])).toEqual([[breaks, 'failed']]);
    });
  }
});

test('no two cases of the kits have the same id', () => {
  const ids = cases.map(({ id }) => id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});
