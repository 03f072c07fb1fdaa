import { type Case, describeCases } from '../kit.ts';
import { type LeaseStore, type StoreContext, type StoreKit, storeSetup } from '../persistence/context.ts';
import { leaseCases } from './cases.ts';

export { leaseCases } from './cases.ts';

/**
 * Declares the conformance suite of leases in vitest.
 *
 * @example
 * describeLeases({ name: 'my store', create: () => myPersistence({ url }) });
 */
export function describeLeases(kit: StoreKit<LeaseStore>): void {
  const cases: readonly Case<StoreContext<LeaseStore>>[] = leaseCases;
  describeCases(`${kit.name}: leases`, cases, storeSetup(kit), kit.skip);
}
