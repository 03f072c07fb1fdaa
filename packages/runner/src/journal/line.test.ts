import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeJournalLine, type JournalEvent, readSegment } from './line.ts';

const anyEvent: fc.Arbitrary<JournalEvent> = fc.record({
  type: fc.constantFrom('block:delta', 'log', 'turn:started'),
  payload: fc.jsonValue({ maxDepth: 3 }),
  conversationId: fc.constant('main'),
  timestamp: fc.constant('2026-01-01T00:00:00.000Z'),
});

const asStored = (event: JournalEvent): unknown => JSON.parse(JSON.stringify(event));

const linesOf = (events: JournalEvent[], firstOffset: number): Buffer[] =>
  events.map((event, index) => encodeJournalLine({ id: 'j', offset: firstOffset + index }, event));

function read(content: Buffer, firstOffset: number) {
  const events: unknown[] = [];
  const result = readSegment(content, 'j', firstOffset, (_, event) => events.push(event));
  return { ...result, events };
}

describe('a segment of a journal', () => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(fc.array(anyEvent), fc.integer({ min: 1, max: 1e6 }), (events, firstOffset) => {
        const content = Buffer.concat(linesOf(events, firstOffset));
        expect(read(content, firstOffset)).toEqual({
          events: events.map(asStored),
          bytes: content.length,
          lastOffset: firstOffset + events.length - 1,
        });
      }),
    );
  });

  it('torn at any byte gives the whole lines before it, and the length to cut it to', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 5 }), (events) => {
        const lines = linesOf(events, 1);
        const content = Buffer.concat(lines);
        for (let length = 0; length <= content.length; length += 1) {
          let whole = 0;
          let bytes = 0;
          for (const line of lines) {
            if (bytes + line.length > length) break;
            bytes += line.length;
            whole += 1;
          }
          const result = read(content.subarray(0, length), 1);
          expect(result).toEqual({ events: events.slice(0, whole).map(asStored), bytes, lastOffset: whole });
        }
      }),
      { numRuns: 30 },
    );
  });

  it('filled up with zeros where it was torn is cut there too', () => {
    const [first, second] = linesOf(
      [
        { type: 'log', payload: { text: 'one' }, conversationId: 'main', timestamp: 'now' },
        { type: 'log', payload: { text: 'two' }, conversationId: 'main', timestamp: 'now' },
      ],
      1,
    ) as [Buffer, Buffer];
    for (let kept = 0; kept < second.length; kept += 1) {
      const torn = Buffer.concat([second.subarray(0, kept), Buffer.alloc(second.length - kept)]);
      expect(read(Buffer.concat([first, torn, Buffer.from('\n')]), 1).bytes).toBe(first.length);
    }
  });

  it('ends before a line that is out of place', () => {
    const event = { type: 'log', payload: null, conversationId: 'main', timestamp: 'now' };
    const skipped = Buffer.concat([
      encodeJournalLine({ id: 'j', offset: 1 }, event),
      encodeJournalLine({ id: 'j', offset: 3 }, event),
    ]);
    expect(read(skipped, 1).lastOffset).toBe(1);
    expect(read(encodeJournalLine({ id: 'another', offset: 1 }, event), 1).lastOffset).toBe(0);
  });
});
