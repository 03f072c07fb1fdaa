export { type MemoryEpochs, memoryEpochs } from './epochs.ts';
export { type MemoryEventLog, type MemoryEventLogOptions, memoryEventLog } from './event-log/index.ts';
export { type MemoryLeasesOptions, memoryLeases } from './leases.ts';
export { type MemoryPersistence, type MemoryPersistenceOptions, memoryPersistence } from './persistence.ts';
