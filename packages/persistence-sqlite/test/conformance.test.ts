import {
  describeEventLog,
  describeLeases,
  describePersistenceAdapter,
} from '@hhopkins/agent-testkit/persistence';
import { temporaryStores } from './temporary-store.ts';

const kit = { name: 'SQLite', ...temporaryStores() };

describePersistenceAdapter(kit);
describeEventLog(kit);
describeLeases(kit);
