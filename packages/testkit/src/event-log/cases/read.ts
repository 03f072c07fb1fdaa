import assert from 'node:assert/strict';
import type { Case } from '../../kit.ts';
import { assertSame } from '../../persistence/assertions.ts';
import type { EventLogStore, StoreContext } from '../../persistence/context.ts';
import { newId } from '../../persistence/samples.ts';
import { appendEvents, newWriter, readEvents, sampleEvent, sampleSnapshot, type Writer } from '../samples.ts';

const sample = (writer: Writer, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => sampleEvent(writer, from + index));

/** What is asked of `read`. */
export const readCases: readonly Case<StoreContext<EventLogStore>>[] = [
  {
    id: 'read-after',
    title: 'a reader gets exactly the events after its cursor, with head and floor',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const { sessionId, streamId } = writer;
      await appendEvents(eventLog, writer, 12);
      for (const after of [0, 1, 7, 11]) {
        const answer = await readEvents(eventLog, sessionId, { after, streamId });
        const expected = {
          kind: 'events',
          streamId,
          head: 12,
          floor: 0,
          events: sample(writer, after + 1, 12),
        };
        assertSame({ ...answer }, expected, `the answer after ${after}`);
      }
    },
  },
  {
    id: 'read-at-head',
    title: 'a reader at the head gets no events and no reset',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      await appendEvents(eventLog, writer, 0);
      assertSame(
        (await readEvents(eventLog, writer.sessionId, { after: 0 })).events,
        [],
        'events of an empty stream',
      );
      await appendEvents(eventLog, writer, 3);
      assertSame(
        (await readEvents(eventLog, writer.sessionId, { after: 3 })).events,
        [],
        'events after the head',
      );
    },
  },
  {
    id: 'read-limit',
    title: 'a read gives at most as many events as asked for, and the next goes on from there',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      await appendEvents(eventLog, writer, 25);
      for (const limit of [1, 7, 25, 26]) {
        const { events, head } = await readEvents(eventLog, writer.sessionId, { after: 0, limit });
        assertSame(events, sample(writer, 1, Math.min(limit, 25)), `at most ${limit} events`);
        assert.equal(head, 25);
      }
      const { events } = await readEvents(eventLog, writer.sessionId, { after: 7, limit: 7 });
      assertSame(events, sample(writer, 8, 14), 'the next page');
    },
  },
  {
    id: 'read-maximum-bytes',
    title: 'a read gives at most as many bytes of JSON as asked for, but always the first event',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const events = await appendEvents(eventLog, writer, 9);
      const sizes = events.map((event) => Buffer.byteLength(JSON.stringify(event)));
      const [one, two, three] = sizes as [number, number, number];
      const read = async (maximumBytes: number) =>
        (await readEvents(eventLog, writer.sessionId, { after: 0, maximumBytes })).events.length;
      assert.equal(await read(1), 1, 'one byte gives the first event');
      assert.equal(await read(one + two), 2, 'the bytes of two give two');
      assert.equal(await read(one + two + three - 1), 2, 'a byte less than three have gives two');
      assert.equal(await read(1024 * 1024), 9, 'a mebibyte gives all');
    },
  },
  {
    id: 'read-reset-beyond-head',
    title: 'a cursor beyond the head gets a reset',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const { sessionId, streamId } = writer;
      await appendEvents(eventLog, writer, 3);
      const reset = { kind: 'reset', streamId, head: 3, snapshot: null };
      assertSame(await eventLog.read(sessionId, { after: 4, limit: 10 }), reset, 'the answer');
      assertSame(await eventLog.read(sessionId, { after: 1000, streamId, limit: 10 }), reset, 'the answer');
    },
  },
  {
    id: 'read-reset-other-stream',
    title: 'a cursor of another stream gets a reset with the newest snapshot, wherever it is',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const { sessionId, streamId } = writer;
      await appendEvents(eventLog, writer, 5);
      const snapshot = sampleSnapshot(writer, 4);
      await eventLog.saveSnapshot(sessionId, snapshot, { epoch: 1 });
      for (const after of [0, 2, 5, 9]) {
        const answer = await eventLog.read(sessionId, { after, streamId: newId('stream'), limit: 10 });
        assertSame(answer, { kind: 'reset', streamId, head: 5, snapshot }, `the answer after ${after}`);
      }
    },
  },
  {
    id: 'read-while-appending',
    title: 'a reader that follows while events are appended gets each once, in order',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const { sessionId } = writer;
      await appendEvents(eventLog, writer, 1);
      const total = 200;
      const appending = (async () => {
        while (writer.head < total) await appendEvents(eventLog, writer, Math.min(7, total - writer.head));
      })();
      let after = 0;
      try {
        while (after < total) {
          const { events, head } = await readEvents(eventLog, sessionId, { after, limit: 10 });
          assertSame(events, sample(writer, after + 1, after + events.length), 'the next events');
          assert.ok(after + events.length <= head, 'a read gives nothing beyond the head that it names');
          after += events.length;
          if (events.length === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        await appending;
      }
    },
  },
];
