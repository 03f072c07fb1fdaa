import { type Case, describeCases } from '../kit.ts';
import { type EventLogStore, type StoreContext, type StoreKit, storeSetup } from '../persistence/context.ts';
import { appendCases } from './cases/append.ts';
import { commandCases } from './cases/commands.ts';
import { compactionCases } from './cases/compaction.ts';
import { contentCases } from './cases/contents.ts';
import { journalCases } from './cases/journal.ts';
import { lifetimeCases } from './cases/lifetime.ts';
import { readCases } from './cases/read.ts';
import { snapshotCases } from './cases/snapshots.ts';
import { modelCases } from './model/index.ts';

/** What is asked of every event log. */
export const eventLogCases: readonly Case<StoreContext<EventLogStore>>[] = [
  ...appendCases,
  ...contentCases,
  ...journalCases,
  ...readCases,
  ...snapshotCases,
  ...compactionCases,
  ...commandCases,
  ...lifetimeCases,
  ...modelCases,
];

/**
 * Declares the conformance suite of an event log in vitest. `create` gives a whole adapter, or an object with the log alone.
 *
 * @example
 * describeEventLog({ name: 'my log', create: () => ({ eventLog: myEventLog() }) });
 */
export function describeEventLog(kit: StoreKit<EventLogStore>): void {
  describeCases(`${kit.name}: event log`, eventLogCases, storeSetup(kit), kit.skip);
}
