import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AppendBatch, AppendResult, EventLog } from '@hhopkins/agent-core';
import { runCases } from '@hhopkins/agent-testkit';
import { eventLogCases, storeSetup } from '@hhopkins/agent-testkit/persistence';
import { describe, expect, test } from 'vitest';
import type { SqlitePersistence } from '../src/index.ts';
import { copyOf, temporaryStores } from './temporary-store.ts';

const CASE = 'model-with-crashes';
const stores = temporaryStores();

/** How the case ends on a store whose log was broken. */
async function outcome(
  breakLog: (persistence: SqlitePersistence) => Partial<EventLog>,
  crash: (persistence: SqlitePersistence) => Promise<SqlitePersistence> = stores.crash,
) {
  const broken = (persistence: SqlitePersistence): SqlitePersistence =>
    Object.assign(persistence, { eventLog: { ...persistence.eventLog, ...breakLog(persistence) } });
  const setup = storeSetup<SqlitePersistence>({
    name: 'broken',
    ...stores,
    create: () => broken(stores.create()),
    reopen: async (persistence) => broken(await stores.reopen(persistence)),
    crash: async (persistence) => broken(await crash(persistence)),
  });
  return (await runCases(eventLogCases, setup, { only: [CASE] })).map((result) => result.outcome);
}

// [KIT-mutants-caught]
describe('crashes catch a log that', { timeout: 300_000 }, () => {
  test('is not broken: none', async () => {
    expect(await outcome(() => ({}))).toEqual(['passed']);
  });

  test('acknowledges what is not on disk yet', async () => {
    const copies: string[] = [];
    const late = (persistence: SqlitePersistence): Partial<EventLog> => {
      const file = stores.fileOf(persistence);
      const { append } = persistence.eventLog;
      return {
        append(batches) {
          copies.push(copyOf(file));
          return append(batches);
        },
      };
    };
    // What the last append but one found: that one was acknowledged, and is not there.
    const crash = (persistence: SqlitePersistence) => stores.crash(persistence, copies.splice(-2, 1)[0]);
    expect(await outcome(late, crash)).toEqual(['failed']);
    for (const copy of copies) rmSync(dirname(copy), { recursive: true, force: true });
  });

  test('commits an append event by event', async () => {
    const torn = ({ eventLog: { append } }: SqlitePersistence): Partial<EventLog> => ({
      async append(batches) {
        const results: AppendResult[] = [];
        for (const batch of batches) results.push(await appendOneByOne(append, batch));
        return results;
      },
    });
    expect(await outcome(torn)).toEqual(['failed']);
  });
});

async function appendOneByOne(append: EventLog['append'], batch: AppendBatch): Promise<AppendResult> {
  const { events, newCommands, commands, ...rest } = batch;
  let [result] = await append([{ ...batch, events: events.slice(0, 1) }]);
  for (const [index, event] of events.entries()) {
    if (index === 0 || !result?.ok) continue;
    [result] = await append([{ ...rest, expectedHead: batch.expectedHead + index, events: [event] }]);
  }
  return result as AppendResult;
}
