import assert from 'node:assert/strict';
import type { EventLog } from '@hhopkins/agent-core';
import type { Case } from '../../kit.ts';
import { assertRefused, assertSame } from '../../persistence/assertions.ts';
import type { EventLogStore, StoreContext } from '../../persistence/context.ts';
import { appendEvents, newWriter, readEvents, sampleEvent, sampleSnapshot, type Writer } from '../samples.ts';

/** A stream of 20 events with a snapshot at 12. */
async function prepared(eventLog: EventLog): Promise<Writer> {
  const writer = newWriter();
  await appendEvents(eventLog, writer, 20);
  await eventLog.saveSnapshot(writer.sessionId, sampleSnapshot(writer, 12), { epoch: 1 });
  return writer;
}

const sample = (writer: Writer, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => sampleEvent(writer, from + index));

/** What is asked of `compact`. */
export const compactionCases: readonly Case<StoreContext<EventLogStore>>[] = [
  {
    // [LAW-05-compaction-reduces-alike]
    id: 'compact-keeps-seq',
    title: 'after a compaction every event above the floor has its seq still, and appends go on',
    async run({ adapter: { eventLog } }) {
      const writer = await prepared(eventLog);
      const { sessionId } = writer;
      await eventLog.compact(sessionId, { epoch: 1, floor: 10, drop: [2, 3, 5, 9, 10] });
      const stream = await eventLog.stream(sessionId);
      assertSame([stream?.head, stream?.floor], [20, 10], 'head and floor');
      for (const after of [10, 11, 15]) {
        const { events, floor } = await readEvents(eventLog, sessionId, { after });
        assertSame(events, sample(writer, after + 1, 20), `events after ${after}`);
        assert.equal(floor, 10);
      }
      await appendEvents(eventLog, writer, 3);
      assertSame(
        (await readEvents(eventLog, sessionId, { after: 18 })).events,
        sample(writer, 19, 23),
        'events',
      );
    },
  },
  {
    // [LAW-05-floor-reset]
    id: 'compact-reset-below-floor',
    title: 'a cursor below the floor gets a reset with the snapshot, one at the floor its events',
    async run({ adapter: { eventLog } }) {
      const writer = await prepared(eventLog);
      const { sessionId, streamId } = writer;
      await eventLog.compact(sessionId, { epoch: 1, floor: 10, drop: [4] });
      const snapshot = sampleSnapshot(writer, 12);
      for (const after of [0, 3, 9]) {
        const answer = await eventLog.read(sessionId, { after, streamId, limit: 5 });
        assertSame(answer, { kind: 'reset', streamId, head: 20, snapshot }, `the answer after ${after}`);
      }
      assertSame(
        (await readEvents(eventLog, sessionId, { after: 10 })).events,
        sample(writer, 11, 20),
        'events',
      );
    },
  },
  {
    id: 'compact-needs-snapshot',
    title: 'nothing is compacted without a snapshot at or above the floor',
    async run({ adapter: { eventLog } }) {
      const bare = newWriter();
      await appendEvents(eventLog, bare, 5);
      const covered = await prepared(eventLog);
      const compact = ({ sessionId }: Writer, floor: number) =>
        eventLog.compact(sessionId, { epoch: 1, floor, drop: [1, 2, 3] });
      await assertRefused(compact(newWriter(), 1), 'head_mismatch', 'compacting no stream');
      await assertRefused(compact(bare, 3), 'head_mismatch', 'compacting without a snapshot');
      await assertRefused(compact(covered, 13), 'head_mismatch', 'compacting above the snapshot');
      for (const writer of [bare, covered]) {
        assertSame(
          (await readEvents(eventLog, writer.sessionId)).events,
          sample(writer, 1, writer.head),
          'events',
        );
      }
      await compact(covered, 12);
      assert.equal((await eventLog.stream(covered.sessionId))?.floor, 12);
    },
  },
  {
    id: 'compact-epoch',
    title: 'a compaction of a server that lost the session is refused',
    async run({ adapter: { eventLog } }) {
      const writer = await prepared(eventLog);
      writer.epoch = 2;
      await appendEvents(eventLog, writer, 1);
      const compaction = eventLog.compact(writer.sessionId, { epoch: 1, floor: 5, drop: [1] });
      await assertRefused(compaction, 'stale_epoch', 'compact');
      assertSame((await readEvents(eventLog, writer.sessionId)).events, sample(writer, 1, 21), 'events');
    },
  },
  {
    id: 'compact-floor-stays',
    title: 'the floor never falls, and compacting again is no error',
    async run({ adapter: { eventLog } }) {
      const writer = await prepared(eventLog);
      const { sessionId } = writer;
      await eventLog.compact(sessionId, { epoch: 1, floor: 10, drop: [1, 2] });
      await eventLog.compact(sessionId, { epoch: 1, floor: 10, drop: [1, 2] });
      await eventLog.compact(sessionId, { epoch: 1, floor: 4, drop: [3] });
      assert.equal((await eventLog.stream(sessionId))?.floor, 10);
      assert.equal((await eventLog.read(sessionId, { after: 5, limit: 5 }))?.kind, 'reset');
    },
  },
  {
    id: 'compact-sessions-apart',
    title: "a compaction leaves other sessions' events alone",
    async run({ adapter: { eventLog } }) {
      const [writer, neighbour] = [await prepared(eventLog), await prepared(eventLog)];
      await eventLog.compact(writer.sessionId, {
        epoch: 1,
        floor: 12,
        drop: sample(writer, 1, 12).map(({ seq }) => seq),
      });
      assertSame(
        (await readEvents(eventLog, neighbour.sessionId)).events,
        sample(neighbour, 1, 20),
        'events',
      );
    },
  },
];
