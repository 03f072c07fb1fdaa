import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { SessionEvent } from '@hhopkins/agent-protocol';
import { expect, onTestFinished, test } from 'vitest';
import { sqlitePersistence } from '../src/index.ts';
import { SELECT_UNFINISHED } from '../src/sessions.ts';
import { fileForTest } from './temporary-store.ts';

// [BOUND-take-up]
test('unfinished sessions are found by an index, however many others there are', async () => {
  const database = new DatabaseSync(':memory:');
  onTestFinished(() => database.close());
  const persistence = sqlitePersistence({ database });
  await persistence.open();
  const plan = database.prepare(`EXPLAIN QUERY PLAN ${SELECT_UNFINISHED}`).all();
  expect(plan.map(({ detail }) => detail)).toEqual([
    'SCAN agent_sessions USING INDEX agent_sessions_unfinished',
  ]);
});

const timestamp = '2026-01-01T00:00:00.000Z';
const EVENTS = 5000;

/** Gives a session so many events, and purges it. */
async function fillAndPurge(persistence: ReturnType<typeof sqlitePersistence>, sessionId: string) {
  const events = Array.from(
    { length: EVENTS },
    (_, index): SessionEvent => ({
      seq: index + 1,
      type: 'log',
      payload: { level: 'info', message: 'x'.repeat(500) },
      context: { sessionId, conversationId: 'main', source: 'engine', timestamp },
    }),
  );
  const batch = { sessionId, streamId: `stream-${sessionId}`, epoch: 1, expectedHead: 0, events };
  expect(await persistence.eventLog.append([batch])).toMatchObject([{ ok: true }]);
  await persistence.deleteSession(sessionId, { epoch: 1 });
}

test('the room of what was purged is used again, so that the file grows no further', async () => {
  const file = fileForTest();
  const persistence = sqlitePersistence({ file });
  await fillAndPurge(persistence, 'first');
  const sizeNow = async () => {
    // Closing empties the write-ahead log into the file.
    await persistence.close();
    const { size } = statSync(file);
    await persistence.open();
    return size;
  };
  const size = await sizeNow();
  expect(size).toBeGreaterThan(EVENTS * 500);
  for (const sessionId of ['second', 'third', 'fourth']) await fillAndPurge(persistence, sessionId);
  expect(await sizeNow()).toBeLessThan(size * 1.2);
  await persistence.close();
});
