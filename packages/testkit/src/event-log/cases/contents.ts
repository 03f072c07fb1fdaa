import assert from 'node:assert/strict';
import { LIMITS, type SessionEvent } from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import type { EventLogStore, StoreContext } from '../../persistence/context.ts';
import { ODD_TEXTS } from '../../persistence/samples.ts';
import {
  appendEvents,
  appendOne,
  assertRefusedBatch,
  batchOf,
  newWriter,
  readEvents,
  sampleEvent,
  type Writer,
} from '../samples.ts';

/** Events of the writer with these types and payloads, known or not. */
const eventsWith = (
  writer: Writer,
  contents: readonly { type: string; payload: unknown }[],
): SessionEvent[] =>
  contents.map(({ type, payload }, index) => {
    const { seq, context } = sampleEvent(writer, writer.head + 1 + index);
    return { seq, type, payload, context } as SessionEvent;
  });

async function assertKept(
  { adapter: { eventLog } }: StoreContext<EventLogStore>,
  contents: { type: string; payload: unknown }[],
) {
  const writer = newWriter();
  const events = eventsWith(writer, contents);
  const result = await appendOne(eventLog, batchOf(writer, events));
  assert.ok(result.ok, `the append failed: ${JSON.stringify(result)}`);
  const answer = await readEvents(eventLog, writer.sessionId);
  events.forEach((event, index) => {
    assert.equal(
      JSON.stringify(answer.events[index]),
      JSON.stringify(event),
      `event ${event.seq} is kept as it was`,
    );
  });
}

/** What is asked of the contents of events. */
export const contentCases: readonly Case<StoreContext<EventLogStore>>[] = [
  {
    id: 'content-unknown-type',
    title: 'events of unknown types are kept byte for byte, order of fields included',
    run: (context) =>
      assertKept(context, [
        {
          type: 'future:thing',
          payload: { zebra: 1, alpha: { nested: [1, 1.5, -0.25, 1e21, null, true, {}] }, '': [] },
        },
        { type: 'x', payload: null },
        { type: 'x', payload: 'only text' },
        { type: 'x', payload: [[], [[]]] },
        { type: 'x', payload: { $set: { 'a.b': 1 }, _id: 'x', __proto: 1, constructor: 2 } },
        { type: 'x', payload: { large: Number.MAX_SAFE_INTEGER, small: 5e-324, zero: 0 } },
      ]),
  },
  {
    id: 'content-odd-texts',
    title: 'texts in events keep every character',
    run: (context) =>
      assertKept(context, [
        ...ODD_TEXTS.map((text) => ({ type: 'block:delta', payload: { blockId: 'b1', delta: text } })),
        ...ODD_TEXTS.map((text) => ({ type: 'future:thing', payload: { [text]: text } })),
      ]),
  },
  {
    id: 'content-large',
    title: 'an event as large as a runner may send is taken, and so are many at once',
    async run(context) {
      const delta = 'ü'.repeat(LIMITS.eventPayload / 2);
      const contents = Array.from({ length: 12 }, () => ({
        type: 'block:delta',
        payload: { blockId: 'b1', delta },
      }));
      await assertKept(context, contents);
    },
  },
  {
    id: 'content-too-large',
    title: 'an event of more than a mebibyte is refused, by its bytes and not its characters',
    async run({ adapter: { eventLog } }) {
      const writer = newWriter();
      await appendEvents(eventLog, writer, 1);
      for (const delta of ['x'.repeat(1024 * 1024), 'ü'.repeat(512 * 1024), '日'.repeat(350_000)]) {
        const events = eventsWith(writer, [{ type: 'block:delta', payload: { blockId: 'b1', delta } }]);
        await assertRefusedBatch(eventLog, batchOf(writer, events), 'event_too_large');
      }
      await appendEvents(eventLog, writer, 1);
    },
  },
];
