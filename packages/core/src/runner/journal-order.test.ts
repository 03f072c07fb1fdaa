import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AcceptedEvent } from './accept-event.ts';
import { placeOf, unread } from './journal-order.ts';

const journals = [
  { id: 'a', trimmedTo: 2, head: 5 },
  { id: 'b', trimmedTo: 0, head: 0 },
  { id: 'c', trimmedTo: 0, head: 9 },
];
const at = (id: string, offset: number) => ({ id, offset });

describe('a frame', () => {
  it.each([
    ['is next when it follows in the same journal', at('a', 3), at('a', 4), 'next'],
    ['is known when it was read', at('a', 3), at('a', 3), 'known'],
    ['leaves a gap when one is missing', at('a', 3), at('a', 5), 'gap'],
    [
      'is next when it begins the journal after one that is read, empty ones between',
      at('a', 5),
      at('c', 1),
      'next',
    ],
    ['leaves a gap when the journal before is not read', at('a', 4), at('c', 1), 'gap'],
    ['leaves a gap when it does not begin its journal', at('a', 5), at('c', 2), 'gap'],
    ['is known when it is of a journal before', at('c', 4), at('a', 5), 'known'],
    ['leaves a gap when nobody knows its journal', at('a', 5), at('z', 1), 'gap'],
    [
      'is next when it begins what is left, and nothing or something else was read',
      at('old', 70),
      at('a', 3),
      'next',
    ],
    ['leaves a gap when what is left begins earlier', at('old', 70), at('c', 1), 'gap'],
  ] as const)('%s', (_name, last, next, place) => {
    expect(placeOf(journals, last, next)).toBe(place);
  });
});

it('lets each frame in once and in order, however often and from wherever they are sent again', () => {
  const head = 30;
  fc.assert(
    fc.property(
      fc.array(fc.record({ from: fc.nat(head), length: fc.nat(12) }), { maxLength: 20 }),
      (resumes) => {
        let last = at('a', 0);
        const read: number[] = [];
        for (const { from, length } of resumes) {
          const arrived = Array.from({ length }, (_, index) => ({
            journal: at('a', from + 1 + index),
          })) as AcceptedEvent[];
          try {
            for (const { journal } of unread([{ id: 'a', trimmedTo: 0, head }], last, arrived)) {
              read.push(journal.offset);
              last = journal;
            }
          } catch {
            expect(from).toBeGreaterThan(last.offset);
          }
        }
        expect(read).toEqual(read.map((_, index) => index + 1));
      },
    ),
  );
});
