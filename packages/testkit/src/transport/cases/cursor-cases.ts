import assert from 'node:assert/strict';
import { reduce, type SessionEvent, type Snapshot } from '@hhopkins/agent-protocol';
import fc from 'fast-check';
import type { Case } from '../../kit.ts';
import { type ReaderKind, readUntil } from '../clients/reader.ts';
import type { TransportContext } from '../context.ts';

/** The laws of the stream as one kind of reader sees them. */
export function cursorCases(kind: ReaderKind): Case<TransportContext>[] {
  const { id, title } = kind;
  return [
    {
      // [LAW-03-cursor-exact]
      id: `${id}-exactly-after-cursor`,
      title: `${title}: a reader with a cursor gets exactly the events after it, once, in order, live ones included`,
      async run({ script, url }) {
        const stream = script.addSession('s', 34);
        const reader = await kind.open(url, 's', { streamId: stream.streamId, seq: 8 });
        const stored = await readUntil(reader, 20);
        script.emit('s', 1);
        script.emit('s', 26);
        const all = await readUntil(reader, stream.head, stored);
        reader.drop();
        assert.equal(all.snapshot, undefined, 'a cursor of this stream needs no snapshot');
        assert.deepEqual(all.events, stream.events.slice(8));
      },
    },
    {
      id: `${id}-bare-seq`,
      title: `${title}: a bare seq is a cursor of the current stream, 0 its beginning`,
      async run({ script, url }) {
        const stream = script.addSession('s', 15);
        const reader = await kind.open(url, 's', { seq: 0 });
        const { events } = await readUntil(reader, stream.head);
        reader.drop();
        assert.deepEqual(events, stream.events);
      },
    },
    {
      // [LAW-03-live-hand-over]
      id: `${id}-live-hand-over`,
      title: `${title}: events that come while the stored ones are read are neither lost nor doubled`,
      async run({ script, url }) {
        const stream = script.addSession('s', 60);
        const reader = await kind.open(url, 's', { seq: 0 });
        let reading = await readUntil(reader, 1);
        for (let target = 5; target <= 60; target += 5) {
          script.emit('s', 3);
          reading = await readUntil(reader, target, reading);
        }
        reading = await readUntil(reader, stream.head, reading);
        reader.drop();
        assert.deepEqual(reading.events, stream.events);
      },
    },
    {
      id: `${id}-snapshot-first`,
      title: `${title}: a reader without a cursor starts with a snapshot, and goes on from there`,
      async run({ script, url }) {
        const stream = script.addSession('s', 12);
        const expected = stream.snapshot();
        const reader = await kind.open(url, 's');
        const { snapshot } = await readUntil(reader, stream.head);
        assert.deepEqual(snapshot, asJson(expected));
        script.emit('s', 5);
        const { events } = await readUntil(reader, stream.head);
        reader.drop();
        assert.deepEqual(events, stream.events.slice(expected.seq));
      },
    },
    ...(
      [
        ['of another stream', 'foreign-stream', { streamId: 'another', seq: 3 }],
        ['beyond the head', 'beyond-head', { seq: 9_999 }],
        ['below the floor', 'below-floor', { seq: 2 }],
      ] as const
    ).map(
      ([what, name, cursor]): Case<TransportContext> => ({
        id: `${id}-${name}`,
        title: `${title}: a cursor ${what} is answered with a snapshot to start again from`,
        async run({ script, url }) {
          const stream = script.addSession('s', 20);
          if (name === 'below-floor') stream.raiseFloor(10);
          const reader = await kind.open(url, 's', cursor);
          const first = await reader.next();
          assert.equal(first.type, 'snapshot');
          script.emit('s', 4);
          const { events } = await readUntil(reader, stream.head);
          reader.drop();
          assert.deepEqual(events, stream.events.slice(21));
        },
      }),
    ),
    {
      id: `${id}-stream-replaced`,
      title: `${title}: when the log is lost meanwhile, the reader is reset and follows the new stream`,
      async run({ script, url }) {
        const stream = script.addSession('s', 10);
        const reader = await kind.open(url, 's', { streamId: stream.streamId, seq: 0 });
        await readUntil(reader, 11);
        stream.replace();
        const reset = await reader.next();
        assert.equal(reset.type, 'snapshot');
        assert.equal(reset.type === 'snapshot' && reset.snapshot.streamId, stream.streamId);
        script.emit('s', 3);
        const { events } = await readUntil(reader, 3);
        reader.drop();
        assert.deepEqual(events, stream.events);
      },
    },
    {
      // [LAW-04-snapshot-is-reduction]
      id: `${id}-snapshot-equals-reduction`,
      title: `${title}: a snapshot and the events after it add up to the reduction of all events`,
      async run({ script, url }) {
        const stream = script.addSession('s');
        emitTurn(script, 'first');
        const reader = await kind.open(url, 's');
        await readUntil(reader, stream.head);
        emitTurn(script, 'second');
        const again = await kind.open(url, 's');
        const whole = await readUntil(again, stream.head);
        reader.drop();
        again.drop();
        assert.deepEqual(stateOf(whole.snapshot, whole.events), asJson(stream.snapshot()));
      },
    },
    {
      id: `${id}-resume-anywhere`,
      title: `${title}: connections lost anywhere are resumed without a gap and without a double`,
      async run({ script, url }) {
        await fc.assert(
          fc.asyncProperty(fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 6 }), async (losses) => {
            const stream = script.addSession('s', 20);
            const seen: SessionEvent[] = [];
            for (const loss of [...losses, Number.POSITIVE_INFINITY]) {
              script.emit('s', 4);
              const at = { streamId: stream.streamId, seq: seen.at(-1)?.seq ?? 0 };
              const reader = await kind.open(url, 's', at);
              const target = Math.min(at.seq + loss, stream.head);
              // What a lost connection had still under way counts as not seen: the client's cursor decides.
              const { events } = target > at.seq ? await readUntil(reader, target) : { events: [] };
              reader.drop();
              seen.push(...events.filter((event) => event.seq <= target));
            }
            assert.deepEqual(seen, stream.events);
            script.purge('s');
          }),
          { numRuns: 8, endOnFailure: true },
        );
      },
    },
    {
      id: `${id}-two-readers`,
      title: `${title}: two clients see the same`,
      async run({ script, url }) {
        const stream = script.addSession('s', 9);
        const first = await kind.open(url, 's', { seq: 0 });
        script.emit('s', 9);
        const second = await kind.open(url, 's', { seq: 0 });
        script.emit('s', 9);
        const [left, right] = await Promise.all([
          readUntil(first, stream.head),
          readUntil(second, stream.head),
        ]);
        first.drop();
        second.drop();
        assert.deepEqual(left.events, right.events);
        assert.deepEqual(left.events, stream.events);
      },
    },
    {
      id: `${id}-unknown-session`,
      title: `${title}: a session that does not exist is session_not_found`,
      async run({ url }) {
        await assert.rejects(async () => {
          const reader = await kind.open(url, 'nobody', { seq: 0 });
          await reader.next();
        }, /session_not_found|404|ended/);
      },
    },
  ];
}

function emitTurn({ emit }: TransportContext['script'], name: string): void {
  const block = {
    id: `block-${name}`,
    type: 'assistant_text' as const,
    timestamp: new Date(0).toISOString(),
    status: 'pending' as const,
    content: name,
  };
  emit('s', [
    {
      type: 'turn:queued',
      payload: { turnId: name, messageId: name, content: name, delivery: 'queue' },
    },
    { type: 'turn:started', payload: { turnId: name, messageId: name } },
    { type: 'block:upsert', payload: { block } },
    { type: 'block:delta', payload: { blockId: block.id, delta: ' and more' } },
    { type: 'turn:completed', payload: { turnId: name, usage: { inputTokens: 3, outputTokens: 2 } } },
  ]);
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function stateOf(snapshot: Snapshot | undefined, events: readonly SessionEvent[]): unknown {
  assert.ok(snapshot, 'a reader without a cursor gets a snapshot');
  const { streamId, seq, ...state } = snapshot;
  return asJson({ ...events.reduce(reduce, state), streamId, seq: events.at(-1)?.seq ?? seq });
}
