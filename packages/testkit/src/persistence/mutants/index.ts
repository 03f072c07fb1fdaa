import { eventLogReadMutants } from './event-log-reads.ts';
import { eventLogWriteMutants } from './event-log-writes.ts';
import { leaseMutants } from './leases.ts';
import { listMutants } from './lists.ts';
import type { StoreMutant } from './mutant.ts';
import { sessionMutants } from './sessions.ts';

export type { StoreMutant, WholeStore } from './mutant.ts';

/** Broken stores, made of a good one. Each must fail the case that it names, or the kit is too lenient. */
export const storeMutants: readonly StoreMutant[] = [
  ...sessionMutants,
  ...listMutants,
  ...eventLogWriteMutants,
  ...eventLogReadMutants,
  ...leaseMutants,
];
