export {
  type Case,
  type CaseResult,
  type CaseSetup,
  type CaseSkips,
  describeCases,
  runCases,
} from './kit.ts';
export {
  describeEventLog,
  describeLeases,
  describePersistenceAdapter,
  type EventLogStore,
  eventLogCases,
  type LeaseStore,
  leaseCases,
  type Mutant,
  mutants,
  persistenceCases,
  type StoreContext,
  type StoreKit,
  storeSetup,
  type WholeStore,
} from './persistence/index.ts';
