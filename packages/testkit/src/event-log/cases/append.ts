import assert from 'node:assert/strict';
import type { SessionEvent } from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import { assertSame } from '../../persistence/assertions.ts';
import type { EventLogStore, StoreContext } from '../../persistence/context.ts';
import { newId } from '../../persistence/samples.ts';
import {
  appendEvents,
  appendOne,
  assertRefusal,
  assertRefusedBatch,
  batchOf,
  newWriter,
  nextEvents,
  readEvents,
  sampleCommand,
  sampleEvent,
} from '../samples.ts';

const TOO_LARGE = 'x'.repeat(2 * 1024 * 1024);

/** What is asked of `append`. */
export const appendCases: readonly Case<StoreContext<EventLogStore>>[] = [
  {
    id: 'append-nothing',
    title: 'an unknown session has no stream, and an append of nothing does nothing',
    async run({ adapter: { eventLog } }) {
      const sessionId = newId('nobody');
      assertSame(await eventLog.append([]), [], 'results of no batches');
      assert.equal(await eventLog.stream(sessionId), null);
      assert.equal(await eventLog.read(sessionId, { after: 0, limit: 10 }), null);
      assert.equal(await eventLog.loadSnapshot(sessionId), null);
      assert.equal(await eventLog.findCommand(sessionId, 'anna', 'c1'), null);
      assertSame(await eventLog.openCommands(sessionId), [], 'open commands');
    },
  },
  {
    id: 'append-first',
    title: "a session's first append makes its stream, with the batch's id",
    async run({ adapter: { eventLog } }) {
      const writer = newWriter({ epoch: 3 });
      const { streamId, sessionId } = writer;
      await appendEvents(eventLog, writer, 0);
      const empty = { streamId, head: 0, floor: 0, epoch: 3, journal: null, snapshotSeq: null };
      assertSame(await eventLog.stream(sessionId), empty, 'the stream');
      await appendEvents(eventLog, writer, 2);
      assertSame(await eventLog.stream(sessionId), { ...empty, head: 2 }, 'the stream');
    },
  },
  {
    id: 'append-order',
    title: 'events come back as they were, in order, from 1 and without a gap',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const events: SessionEvent[] = [];
      for (const count of [1, 500, 3, 0, 40]) events.push(...(await appendEvents(eventLog, writer, count)));
      const answer = await readEvents(eventLog, writer.sessionId);
      assertSame(answer.events, events, 'the events');
      assertSame(
        answer.events.map(({ seq }) => seq),
        events.map((_, index) => index + 1),
        'their seq',
      );
    },
  },
  {
    // [LAW-02-group-commit]
    id: 'append-sessions-apart',
    title: "sessions of one call each keep their own events, and get their own results in the batches' order",
    async run({ adapter: { eventLog } }) {
      const writers = Array.from({ length: 20 }, () => newWriter());
      for (const count of [3, 1]) {
        const batches = writers.map((writer, index) => batchOf(writer, nextEvents(writer, count + index)));
        const results = await eventLog.append(batches);
        writers.forEach((writer, index) => {
          writer.head += count + index;
        });
        assertSame(
          results,
          writers.map(({ head }) => ({ ok: true, head })),
          'the results',
        );
      }
      for (const writer of writers) {
        const expected = Array.from({ length: writer.head }, (_, index) => sampleEvent(writer, index + 1));
        assertSame((await readEvents(eventLog, writer.sessionId)).events, expected, 'events of the session');
      }
    },
  },
  {
    // [LAW-02-own-fault-only]
    id: 'append-own-fault',
    title: "one session's fault fails that session alone",
    async run({ adapter: { eventLog } }) {
      const [good, moved, stale, large, last] = Array.from({ length: 5 }, () => newWriter({ epoch: 2 })) as [
        ReturnType<typeof newWriter>,
        ReturnType<typeof newWriter>,
        ReturnType<typeof newWriter>,
        ReturnType<typeof newWriter>,
        ReturnType<typeof newWriter>,
      ];
      for (const writer of [good, moved, stale, large, last]) await appendEvents(eventLog, writer, 1);
      const results = await eventLog.append([
        batchOf(good, nextEvents(good, 2)),
        batchOf({ ...moved, head: 5 }, nextEvents({ ...moved, head: 5 }, 2)),
        batchOf({ ...stale, epoch: 1 }, nextEvents(stale, 2)),
        batchOf(large, nextEvents(large, 2, TOO_LARGE)),
        batchOf(last, nextEvents(last, 2)),
      ]);
      assert.equal(results.length, 5);
      assertRefusal(results[1], 'head_mismatch');
      assertRefusal(results[2], 'stale_epoch');
      assertRefusal(results[3], 'event_too_large');
      assertSame(
        [results[0], results[4]],
        [
          { ok: true, head: 3 },
          { ok: true, head: 3 },
        ],
        'the good batches',
      );
      const heads = await Promise.all(
        [good, moved, stale, large, last].map(
          async ({ sessionId }) => (await readEvents(eventLog, sessionId)).events.length,
        ),
      );
      assertSame(heads, [3, 1, 1, 1, 3], 'events of the sessions');
    },
  },
  {
    id: 'append-atomic',
    title: 'a batch with a fault leaves nothing: no event, no position, no command, no stream',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const command = sampleCommand();
      const faulty = () =>
        batchOf(writer, [...nextEvents(writer, 5), sampleEvent(writer, writer.head + 6, TOO_LARGE)], {
          journal: { id: 'journal-1', offset: 99 },
          newCommands: [command],
          commands: [sampleCommand()],
        });
      await assertRefusedBatch(eventLog, faulty(), 'event_too_large');
      assert.equal(await eventLog.stream(writer.sessionId), null, 'a refused first append makes no stream');
      await appendEvents(eventLog, writer, 1);
      await assertRefusedBatch(eventLog, faulty(), 'event_too_large');
      const stream = await eventLog.stream(writer.sessionId);
      assertSame([stream?.head, stream?.journal], [1, null], 'head and journal');
      assert.equal((await readEvents(eventLog, writer.sessionId)).events.length, 1);
      assertSame(await eventLog.openCommands(writer.sessionId), [], 'commands');
      await appendEvents(eventLog, writer, 2, { newCommands: [command] });
    },
  },
  {
    // [LAW-08-expected-head]
    id: 'append-expected-head',
    title: 'an append that expects another head is refused, so that a repeated one enters once',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const events = await appendEvents(eventLog, writer, 3);
      await assertRefusedBatch(eventLog, batchOf({ ...writer, head: 0 }, events), 'head_mismatch');
      for (const head of [2, 4]) {
        const elsewhere = { ...writer, head };
        await assertRefusedBatch(eventLog, batchOf(elsewhere, nextEvents(elsewhere, 1)), 'head_mismatch');
        await assertRefusedBatch(eventLog, batchOf(elsewhere, []), 'head_mismatch');
      }
      assertSame((await readEvents(eventLog, writer.sessionId)).events, events, 'the events');
    },
  },
  {
    id: 'append-gapless',
    title: 'events that do not follow the head one by one are refused',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      await appendEvents(eventLog, writer, 2);
      for (const seqs of [[4], [2], [3, 5], [3, 3], [4, 3]]) {
        const result = await appendOne(
          eventLog,
          batchOf(
            writer,
            seqs.map((seq) => sampleEvent(writer, seq)),
          ),
        );
        assert.ok(!result.ok, `events ${seqs} were taken after head 2`);
      }
      assert.equal((await readEvents(eventLog, writer.sessionId)).events.length, 2);
      await appendEvents(eventLog, writer, 1);
    },
  },
  {
    id: 'append-new-stream-at-zero',
    title: 'a stream begins at 0 and nowhere else',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter({ head: 5 });
      await assertRefusedBatch(eventLog, batchOf(writer, nextEvents(writer, 1)), 'head_mismatch');
      assert.equal(await eventLog.stream(writer.sessionId), null);
    },
  },
  {
    id: 'append-other-stream',
    title: 'an append to another stream of the session is refused',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      await appendEvents(eventLog, writer, 1);
      for (const head of [0, 1]) {
        const other = { ...writer, streamId: newId('stream'), head };
        await assertRefusedBatch(eventLog, batchOf(other, nextEvents(other, 1)), 'head_mismatch');
      }
      assert.equal((await eventLog.stream(writer.sessionId))?.streamId, writer.streamId);
    },
  },
  {
    // [LAW-08-stale-epoch-refused]
    id: 'append-epoch',
    title: 'once a higher epoch wrote, lower ones are refused',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter({ epoch: 4 });
      await appendEvents(eventLog, writer, 1);
      writer.epoch = 6;
      await appendEvents(eventLog, writer, 1);
      await appendEvents(eventLog, writer, 1);
      for (const epoch of [4, 5]) {
        await assertRefusedBatch(eventLog, batchOf(writer, nextEvents(writer, 1), { epoch }), 'stale_epoch');
        await assertRefusedBatch(eventLog, batchOf(writer, [], { epoch }), 'stale_epoch');
      }
      const stream = await eventLog.stream(writer.sessionId);
      assertSame([stream?.epoch, stream?.head], [6, 3], 'epoch and head');
    },
  },
  {
    id: 'append-one-winner',
    title: 'of many appends at once to one head, one is committed',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const texts = Array.from({ length: 8 }, (_, index) => `writer ${index}`);
      const results = await Promise.all(
        texts.map((text) => appendOne(eventLog, batchOf(writer, nextEvents(writer, 3, text)))),
      );
      const winners = texts.filter((_, index) => results[index]?.ok);
      assert.equal(winners.length, 1, `${winners.length} appends were committed`);
      const { events } = await readEvents(eventLog, writer.sessionId);
      assertSame(events, nextEvents(writer, 3, winners[0]), 'the events');
    },
  },
  {
    id: 'append-copies',
    title: 'changing an event after the append, or one that was read, changes nothing in the log',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const [event] = await appendEvents(eventLog, writer, 1);
      const expected = sampleEvent(writer, 1);
      Object.assign(event?.payload ?? {}, { message: 'changed after the append' });
      const { events } = await readEvents(eventLog, writer.sessionId);
      assertSame(events, [expected], 'the events');
      Object.assign(events[0]?.payload ?? {}, { message: 'changed after the read' });
      assertSame((await readEvents(eventLog, writer.sessionId)).events, [expected], 'the events');
    },
  },
];
