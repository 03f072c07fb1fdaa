import { afterAll, beforeAll, describe } from 'vitest';
import { describeCommand } from './cases/command.ts';
import { describeEntries } from './cases/entries.ts';
import { describeQuickStart } from './cases/quick-start.ts';
import { describeTurns } from './cases/turns.ts';
import { describeTypes } from './cases/types.ts';
import { type Consumer, createConsumer } from './consumer.ts';

/** Building, packing and installing, from nothing and with everything else running. */
const SETUP_MS = 600_000;

describe('the packages as they are published', () => {
  let consumer: Consumer;
  beforeAll(async () => {
    consumer = await createConsumer();
  }, SETUP_MS);
  afterAll(() => consumer?.remove());

  describeEntries(() => consumer);
  describeTypes(() => consumer);
  // [LIB-quick-start]
  describeQuickStart(() => consumer);
  describeTurns(() => consumer);
  describeCommand(() => consumer);
});
