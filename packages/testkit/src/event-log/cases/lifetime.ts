import assert from 'node:assert/strict';
import type { Case } from '../../kit.ts';
import { assertSame } from '../../persistence/assertions.ts';
import { type EventLogStore, needsReopen, type StoreContext } from '../../persistence/context.ts';
import { newId } from '../../persistence/samples.ts';
import {
  appendEvents,
  assertRefusedBatch,
  batchOf,
  newWriter,
  nextEvents,
  readEvents,
  sampleCommand,
  sampleSnapshot,
} from '../samples.ts';

/** What is asked of fences, purging and opening again. */
export const lifetimeCases: readonly Case<StoreContext<EventLogStore>>[] = [
  {
    id: 'log-durability',
    title: 'the log says how long it lasts: one that can be opened again says `store`',
    async run({ adapter: { eventLog }, reopen }) {
      const promised = reopen ? ['store'] : ['store', 'memory'];
      assert.ok(promised.includes(eventLog.durability), `the log says ${eventLog.durability}`);
    },
  },
  {
    id: 'log-lease-fences',
    title: 'a lease that was taken over fences the log before the new owner writes',
    needs: ({ adapter }) => (adapter.leases ? undefined : 'the adapter has no leases'),
    async run({ adapter: { eventLog, leases } }) {
      const writer = newWriter();
      const owner = newId('server');
      const acquire = async () => {
        const lease = await leases?.acquire(writer.sessionId, owner, 60_000);
        assert.ok(lease?.granted);
        return lease.epoch;
      };
      const old = await acquire();
      writer.epoch = old;
      await appendEvents(eventLog, writer, 2);
      writer.epoch = await acquire();
      assert.equal(
        (await eventLog.stream(writer.sessionId))?.epoch,
        writer.epoch,
        'the stream names the new epoch',
      );
      await assertRefusedBatch(
        eventLog,
        batchOf(writer, nextEvents(writer, 1), { epoch: old }),
        'stale_epoch',
      );
      await appendEvents(eventLog, writer, 1);
    },
  },
  {
    // [LAW-01-new-stream-id]
    id: 'log-purge',
    title: 'a purged session has no stream; its next one begins at 1 and resets the cursors of the old',
    needs: ({ adapter }) => (adapter.deleteSession ? undefined : 'the adapter has no deleteSession'),
    async run({ adapter }) {
      const { eventLog } = adapter;
      const old = newWriter({ epoch: 3 });
      const { sessionId } = old;
      const command = sampleCommand();
      await appendEvents(eventLog, old, 8, {
        newCommands: [command],
        journal: { id: 'journal-1', offset: 5 },
      });
      await eventLog.saveSnapshot(sessionId, sampleSnapshot(old, 8), { epoch: 3 });
      await eventLog.compact(sessionId, { epoch: 3, floor: 4, drop: [1, 2] });
      await adapter.deleteSession?.(sessionId, { epoch: 3 });
      assert.equal(await eventLog.stream(sessionId), null);
      assert.equal(await eventLog.read(sessionId, { after: 0, limit: 10 }), null);
      assert.equal(await eventLog.loadSnapshot(sessionId), null);
      assert.equal(await eventLog.findCommand(sessionId, command.principal, command.commandId), null);
      assertSame(await eventLog.openCommands(sessionId), [], 'open commands');

      const next = newWriter({ sessionId, epoch: 4 });
      const events = await appendEvents(eventLog, next, 8, { newCommands: [command] });
      const stream = await eventLog.stream(sessionId);
      assertSame(
        [stream?.streamId, stream?.head, stream?.floor, stream?.journal, stream?.snapshotSeq],
        [next.streamId, 8, 0, null, null],
        'the new stream',
      );
      assertSame((await readEvents(eventLog, sessionId)).events, events, 'the events');
      const stale = await eventLog.read(sessionId, { after: 8, streamId: old.streamId, limit: 10 });
      assert.equal(stale?.kind, 'reset', 'a cursor of the old stream');
    },
  },
  {
    id: 'log-reopen',
    title: 'everything that was committed is there when the store is opened again',
    needs: needsReopen,
    async run(context) {
      const { eventLog } = context.adapter;
      const writer = newWriter({ epoch: 2 });
      const { sessionId } = writer;
      const command = sampleCommand();
      await appendEvents(eventLog, writer, 20, {
        journal: { id: 'journal-1', offset: 77 },
        newCommands: [command],
      });
      await eventLog.saveSnapshot(sessionId, sampleSnapshot(writer, 15), { epoch: 2 });
      await eventLog.compact(sessionId, { epoch: 2, floor: 6, drop: [1, 2, 3] });
      const before = {
        stream: await eventLog.stream(sessionId),
        read: await eventLog.read(sessionId, { after: 6, limit: 100 }),
      };
      const reopened = (await context.reopen?.())?.eventLog ?? eventLog;
      const after = {
        stream: await reopened.stream(sessionId),
        read: await reopened.read(sessionId, { after: 6, limit: 100 }),
      };
      assertSame(after, before, 'stream and events');
      assertSame(await reopened.loadSnapshot(sessionId), sampleSnapshot(writer, 15), 'the snapshot');
      assertSame(await reopened.openCommands(sessionId), [command], 'open commands');
      await assertRefusedBatch(reopened, batchOf(writer, nextEvents(writer, 1), { epoch: 1 }), 'stale_epoch');
      await appendEvents(reopened, writer, 1);
    },
  },
];
