import assert from 'node:assert/strict';
import type { Case } from '../../kit.ts';
import { assertRefused, assertSame } from '../../persistence/assertions.ts';
import type { EventLogStore, StoreContext } from '../../persistence/context.ts';
import { newId, ODD_TEXTS } from '../../persistence/samples.ts';
import { appendEvents, newWriter, sampleSnapshot } from '../samples.ts';

const write = { epoch: 1 };

/** What is asked of snapshots. */
export const snapshotCases: readonly Case<StoreContext<EventLogStore>>[] = [
  {
    id: 'snapshot-round-trip',
    title: 'a snapshot comes back as it was saved, and the stream names its seq',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      await appendEvents(eventLog, writer, 10);
      assert.equal(await eventLog.loadSnapshot(writer.sessionId), null);
      const snapshot = sampleSnapshot(writer, 8, ODD_TEXTS.join('\n'));
      await eventLog.saveSnapshot(writer.sessionId, snapshot, write);
      assertSame(await eventLog.loadSnapshot(writer.sessionId), snapshot, 'the snapshot');
      assert.equal((await eventLog.stream(writer.sessionId))?.snapshotSeq, 8);
    },
  },
  {
    id: 'snapshot-newest',
    title: 'a newer snapshot replaces an older one, and an older never a newer',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      await appendEvents(eventLog, writer, 10);
      for (const seq of [3, 9, 5])
        await eventLog.saveSnapshot(writer.sessionId, sampleSnapshot(writer, seq), write);
      assertSame(await eventLog.loadSnapshot(writer.sessionId), sampleSnapshot(writer, 9), 'the snapshot');
      assert.equal((await eventLog.stream(writer.sessionId))?.snapshotSeq, 9);
    },
  },
  {
    id: 'snapshot-at',
    title: 'a snapshot at a seq is not newer than that',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      await appendEvents(eventLog, writer, 10);
      await eventLog.saveSnapshot(writer.sessionId, sampleSnapshot(writer, 4), write);
      await eventLog.saveSnapshot(writer.sessionId, sampleSnapshot(writer, 8), write);
      for (const at of [8, 9, 10]) {
        assert.equal((await eventLog.loadSnapshot(writer.sessionId, at))?.seq, 8, `the snapshot at ${at}`);
      }
      // Whether older ones are kept is the store's choice.
      const older = await eventLog.loadSnapshot(writer.sessionId, 7);
      assert.ok(older === null || older.seq === 4, `the snapshot at 7 is of ${older?.seq}`);
      assert.equal(await eventLog.loadSnapshot(writer.sessionId, 3), null);
    },
  },
  {
    id: 'snapshot-refused',
    title: 'a snapshot of another stream, beyond the head or of no stream is refused',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      const { sessionId } = writer;
      const save = (changes: Partial<typeof writer>, seq: number) =>
        eventLog.saveSnapshot(sessionId, sampleSnapshot({ ...writer, ...changes }, seq), write);
      await assertRefused(save({}, 1), 'head_mismatch', 'a snapshot of no stream');
      await appendEvents(eventLog, writer, 5);
      await assertRefused(save({}, 6), 'head_mismatch', 'a snapshot beyond the head');
      await assertRefused(save({ streamId: newId('stream') }, 3), 'head_mismatch', 'one of another stream');
      assert.equal(await eventLog.loadSnapshot(sessionId), null);
      await save({}, 5);
    },
  },
  {
    id: 'snapshot-epoch',
    title: 'a snapshot of a server that lost the session is refused',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter({ epoch: 2 });
      await appendEvents(eventLog, writer, 5);
      const save = (seq: number, epoch: number) =>
        eventLog.saveSnapshot(writer.sessionId, sampleSnapshot(writer, seq), { epoch });
      await save(3, 2);
      await assertRefused(save(4, 1), 'stale_epoch', 'a snapshot');
      assert.equal((await eventLog.loadSnapshot(writer.sessionId))?.seq, 3);
    },
  },
];
