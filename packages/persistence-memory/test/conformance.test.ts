import {
  describeEventLog,
  describeLeases,
  describePersistenceAdapter,
} from '@hhopkins/agent-testkit/persistence';
import { memoryPersistence } from '../src/index.ts';

const kit = { name: 'memory', create: () => memoryPersistence() };

describePersistenceAdapter(kit);
describeEventLog(kit);
describeLeases(kit);
