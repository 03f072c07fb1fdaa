import type { JournalPosition } from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import { assertSame } from '../../persistence/assertions.ts';
import type { EventLogStore, StoreContext } from '../../persistence/context.ts';
import {
  appendEvents,
  assertRefusedBatch,
  batchOf,
  newWriter,
  nextEvents,
  readEvents,
  type Writer,
} from '../samples.ts';

/** Head and position, as they stand and as the events show them. */
async function assertPosition(
  { adapter: { eventLog } }: StoreContext<EventLogStore>,
  writer: Writer,
  journal: JournalPosition | null,
) {
  const stream = await eventLog.stream(writer.sessionId);
  const { events } = await readEvents(eventLog, writer.sessionId);
  assertSame(
    { journal: stream?.journal, head: stream?.head, events: events.length },
    { journal, head: writer.head, events: writer.head },
    'position, head and events',
  );
}

/** What is asked of the position in a runner's journal. */
export const journalCases: readonly Case<StoreContext<EventLogStore>>[] = [
  {
    // [LAW-06-position-with-events]
    id: 'journal-with-events',
    title: 'the position in the journal commits with the events it yielded, or with none',
    async run(context) {
      const { eventLog } = context.adapter;
      const writer = newWriter();
      const positions: JournalPosition[] = [
        { id: 'journal-1', offset: 0 },
        { id: 'journal-1', offset: 4096 },
        { id: 'journal-1', offset: Number.MAX_SAFE_INTEGER },
        { id: 'journal-2', offset: 12 },
      ];
      for (const [index, journal] of positions.entries()) {
        await appendEvents(eventLog, writer, index, { journal });
        await assertPosition(context, writer, journal);
      }
    },
  },
  {
    id: 'journal-absent',
    title: 'an append without a position leaves it as it is',
    async run(context) {
      const { eventLog } = context.adapter;
      const writer = newWriter();
      await appendEvents(eventLog, writer, 1);
      await assertPosition(context, writer, null);
      await appendEvents(eventLog, writer, 1, { journal: { id: 'journal-1', offset: 5 } });
      await appendEvents(eventLog, writer, 1);
      await assertPosition(context, writer, { id: 'journal-1', offset: 5 });
    },
  },
  {
    id: 'journal-refused',
    title: 'a refused append leaves the position where it was',
    async run(context) {
      const { eventLog } = context.adapter;
      const writer = newWriter({ epoch: 2 });
      const journal = { id: 'journal-1', offset: 5 };
      const further = { journal: { id: 'journal-1', offset: 9 } };
      await appendEvents(eventLog, writer, 2, { journal });
      const elsewhere = { ...writer, head: 7 };
      await assertRefusedBatch(
        eventLog,
        batchOf(elsewhere, nextEvents(elsewhere, 1), further),
        'head_mismatch',
      );
      await assertRefusedBatch(eventLog, batchOf(writer, [], { ...further, epoch: 1 }), 'stale_epoch');
      await assertPosition(context, writer, journal);
    },
  },
];
