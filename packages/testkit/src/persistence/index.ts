import type { PersistenceAdapter } from '@hhopkins/agent-core';
import { type Case, describeCases } from '../kit.ts';
import { fenceCases } from './cases/fences.ts';
import { fileCases } from './cases/files.ts';
import { lifetimeCases } from './cases/lifetime.ts';
import { listCases } from './cases/lists.ts';
import { profileCases } from './cases/profiles.ts';
import { recordCases } from './cases/records.ts';
import { transcriptCases } from './cases/transcripts.ts';
import { type StoreContext, type StoreKit, storeSetup } from './context.ts';

export { describeEventLog, eventLogCases } from '../event-log/index.ts';
export { describeLeases, leaseCases } from '../leases/index.ts';
export {
  type EventLogStore,
  type LeaseStore,
  type StoreContext,
  type StoreKit,
  storeSetup,
} from './context.ts';
export { type StoreMutant, storeMutants, type WholeStore } from './mutants/index.ts';

/** What is asked of every adapter: the nine methods, and of the optional ones those that it has. */
export const persistenceCases: readonly Case<StoreContext<PersistenceAdapter>>[] = [
  ...recordCases,
  ...transcriptCases,
  ...fileCases,
  ...profileCases,
  ...listCases,
  ...fenceCases,
  ...lifetimeCases,
];

/**
 * Declares the conformance suite of a persistence adapter in vitest. An adapter with an event log or leases calls
 * `describeEventLog` and `describeLeases` as well.
 *
 * @example
 * describePersistenceAdapter({ name: 'my store', create: () => myPersistence({ url }) });
 */
export function describePersistenceAdapter(kit: StoreKit<PersistenceAdapter>): void {
  describeCases(`${kit.name}: persistence`, persistenceCases, storeSetup(kit), kit.skip);
}
