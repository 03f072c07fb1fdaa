import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SessionEvent } from '@hhopkins/agent-protocol';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { sqlitePersistence } from '../src/index.ts';
import { fileForTest } from './temporary-store.ts';

function databaseForTest(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  onTestFinished(() => database.close());
  return database;
}

const eventsOf = (sessionId: string, from: number, count: number, text = ''): SessionEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    seq: from + index,
    type: 'log',
    payload: { level: 'info', message: text },
    context: { sessionId, conversationId: 'main', source: 'engine', timestamp: '2026-03-01T10:00:00.000Z' },
  }));

const batchOf = (sessionId: string, expectedHead: number, events: SessionEvent[]) => ({
  sessionId,
  streamId: `stream of ${sessionId}`,
  epoch: 1,
  expectedHead,
  events,
});

test('a full disk refuses the whole call, commits none of it, and the store goes on when there is room', async () => {
  const database = databaseForTest(fileForTest());
  const { eventLog } = sqlitePersistence({ database });
  await eventLog.append([batchOf('a', 0, eventsOf('a', 1, 1)), batchOf('b', 0, [])]);
  const pages = Number(database.prepare('PRAGMA page_count').get()?.page_count);
  database.exec(`PRAGMA max_page_count = ${pages + 20}`);

  const large = [
    batchOf('a', 1, eventsOf('a', 2, 1)),
    batchOf('b', 0, eventsOf('b', 1, 10, 'x'.repeat(100_000))),
    batchOf('c', 0, eventsOf('c', 1, 1)),
  ];
  for (let attempt = 0; attempt < 2; attempt++) {
    await expect(eventLog.append(large)).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('full'),
    });
    const heads = await Promise.all(['a', 'b', 'c'].map(async (id) => (await eventLog.stream(id))?.head));
    expect(heads).toEqual([1, 0, undefined]);
  }

  database.exec(`PRAGMA max_page_count = ${pages + 1000}`);
  expect(await eventLog.append(large)).toEqual([2, 10, 1].map((head) => ({ ok: true, head })));
});

test('another program that holds the write lock makes it unavailable, not broken', async () => {
  const file = fileForTest();
  const database = databaseForTest(file);
  database.exec('PRAGMA busy_timeout = 10');
  const persistence = sqlitePersistence({ database });
  await persistence.open();
  const other = databaseForTest(file);
  other.exec('BEGIN IMMEDIATE');
  const append = () => persistence.eventLog.append([batchOf('a', 0, eventsOf('a', 1, 1))]);
  await expect(append()).rejects.toMatchObject({
    code: 'store_unavailable',
    message: expect.stringContaining('Another program holds a write lock'),
  });
  other.exec('ROLLBACK');
  expect(await append()).toEqual([{ ok: true, head: 1 }]);
});

test('an event that the table has already fails its session alone', async () => {
  const database = databaseForTest(fileForTest());
  const { eventLog } = sqlitePersistence({ database });
  await eventLog.append([batchOf('a', 0, eventsOf('a', 1, 1)), batchOf('b', 0, eventsOf('b', 1, 1))]);
  database.exec("INSERT INTO agent_events (session_id, seq, event) VALUES ('a', 3, '{}')");
  const results = await eventLog.append([
    batchOf('a', 1, eventsOf('a', 2, 3)),
    batchOf('b', 1, eventsOf('b', 2, 1)),
  ]);
  expect(results).toMatchObject([
    { ok: false, code: 'store_unavailable' },
    { ok: true, head: 2 },
  ]);
  expect((await eventLog.stream('a'))?.head).toBe(1);
});

describe('what cannot work is refused with the way out', () => {
  test('a connection that could lose what it acknowledged', async () => {
    const database = databaseForTest(fileForTest());
    database.exec('PRAGMA synchronous = NORMAL');
    await expect(sqlitePersistence({ database }).open()).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('Use FULL'),
    });
  });

  test('a Node without the driver', async () => {
    const lookup = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
    onTestFinished(() => lookup.mockRestore());
    await expect(sqlitePersistence({ file: fileForTest() }).open()).rejects.toMatchObject({
      code: 'package_not_installed',
      message: expect.stringMatching(new RegExp(`Node 22\\.13.*this is Node ${process.versions.node}`)),
    });
  });

  test('a place that cannot be written', async () => {
    const notAFolder = fileForTest();
    writeFileSync(notAFolder, '');
    const file = join(notAFolder, 'store.db');
    await expect(sqlitePersistence({ file }).open()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining(file),
    });
  });

  test('a file that is no database', async () => {
    const file = fileForTest();
    writeFileSync(file, 'This is a text and not a database. '.repeat(100));
    await expect(sqlitePersistence({ file }).open()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('not a database'),
    });
  });

  test('a cursor of another store', async () => {
    const persistence = sqlitePersistence({ file: ':memory:' });
    onTestFinished(() => persistence.close());
    await expect(persistence.listSessions({ cursor: 'made up' })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

test('a store in memory says that it lasts as long as the process', async () => {
  const persistence = sqlitePersistence({ file: ':memory:' });
  onTestFinished(() => persistence.close());
  await persistence.open();
  expect(persistence.eventLog.durability).toBe('memory');
  expect(sqlitePersistence({ file: fileForTest() }).eventLog.durability).toBe('store');
});
