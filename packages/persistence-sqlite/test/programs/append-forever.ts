/**
 * Appends to the sessions of a store until it is killed, and prints `<session> <head>` for each append that was acknowledged.
 * Usage: append-forever.ts <file> <session>...
 */
import { writeSync } from 'node:fs';
import type { SessionEvent } from '@hhopkins/agent-protocol';
import { sqlitePersistence } from '../../src/index.ts';

const [file = '', ...sessionIds] = process.argv.slice(2);
setTimeout(() => process.exit(2), 30_000);

const { eventLog } = sqlitePersistence({ file });
const heads = new Map<string, number>();
for (const sessionId of sessionIds) heads.set(sessionId, (await eventLog.stream(sessionId))?.head ?? 0);

const eventOf = (sessionId: string, seq: number): SessionEvent => ({
  seq,
  type: 'log',
  payload: { level: 'info', message: `${sessionId} ${seq} ${'x'.repeat(seq % 700)}` },
  context: { sessionId, conversationId: 'main', source: 'engine', timestamp: new Date(seq).toISOString() },
});

for (let round = 0; ; round++) {
  const batches = [...heads].map(([sessionId, head], index) => {
    const count = 1 + ((round + index) % 5);
    return {
      sessionId,
      streamId: `stream of ${sessionId}`,
      epoch: 1,
      expectedHead: head,
      journal: { id: 'journal', offset: head + count },
      events: Array.from({ length: count }, (_, each) => eventOf(sessionId, head + 1 + each)),
    };
  });
  const results = await eventLog.append(batches);
  results.forEach((result, index) => {
    const { sessionId } = batches[index] as (typeof batches)[number];
    if (!result.ok) throw new Error(result.message);
    heads.set(sessionId, result.head);
  });
  // One write, so that the acknowledgement is out before the next append begins.
  writeSync(1, [...heads].map(([sessionId, head]) => `${sessionId} ${head}\n`).join(''));
  await new Promise((resolve) => setImmediate(resolve));
}
