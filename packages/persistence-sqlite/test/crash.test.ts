import { expect, test } from 'vitest';
import { sqlitePersistence } from '../src/index.ts';
import { kill, startProgram } from './child.ts';
import { fileForTest } from './temporary-store.ts';

const ROUNDS = 6;
const SESSIONS = ['a', 'b', 'c'];

/** Lets a process append, kills it after so many acknowledgements, and gives the last one of each session. */
async function appendUntilKilled(file: string, acknowledgements: number): Promise<Map<string, number>> {
  const { child, lines } = startProgram('append-forever.ts', file, ...SESSIONS);
  const acknowledged = new Map<string, number>();
  let count = 0;
  for await (const line of lines) {
    const [sessionId = '', head] = line.split(' ');
    acknowledged.set(sessionId, Number(head));
    count += 1;
    // Lines that are in the pipe already are read on: they were acknowledged too.
    if (count === acknowledgements) void kill(child);
  }
  await kill(child);
  expect(child.signalCode).toBe('SIGKILL');
  return acknowledged;
}

// [LAW-02-durable-before-visible] [LAW-06-position-with-events]
test('after a kill -9 at any moment every acknowledged event is there, without a gap, and its journal position too', async () => {
  const file = fileForTest();
  for (let round = 0; round < ROUNDS; round++) {
    const acknowledged = await appendUntilKilled(file, 3 + Math.floor(Math.random() * 300));
    const persistence = sqlitePersistence({ file });
    for (const sessionId of SESSIONS) {
      const stream = await persistence.eventLog.stream(sessionId);
      const head = stream?.head ?? 0;
      expect(head).toBeGreaterThanOrEqual(acknowledged.get(sessionId) ?? 0);
      expect(stream?.journal).toEqual({ id: 'journal', offset: head });

      const answer = await persistence.eventLog.read(sessionId, { after: 0, limit: 1_000_000 });
      const events = answer?.kind === 'events' ? answer.events : [];
      expect(events.length).toBe(head);
      const expected = (seq: number) => `${sessionId} ${seq} ${'x'.repeat(seq % 700)}`;
      const wrong = events.filter(
        ({ seq, payload }, index) =>
          seq !== index + 1 || !('message' in payload) || payload.message !== expected(seq),
      );
      expect(wrong).toEqual([]);
    }
    await persistence.close();
  }
}, 120_000);
