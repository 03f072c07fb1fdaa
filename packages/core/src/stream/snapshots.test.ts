import { type Block, initialState, reduce, type SessionEvent } from '@hhopkins/agent-protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { droppable } from './snapshots.ts';

const blockIds = ['a', 'b', 'c'];
const conversations = ['main', 'sub', 'other'];

const change = fc.oneof(
  fc.record({
    kind: fc.constant('upsert' as const),
    blockId: fc.constantFrom(...blockIds),
    conversationId: fc.constantFrom(...conversations),
    status: fc.constantFrom('pending' as const, 'complete' as const, 'error' as const),
    text: fc.string({ maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('delta' as const),
    blockId: fc.constantFrom(...blockIds),
    conversationId: fc.constantFrom(...conversations),
    text: fc.string({ minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('discard' as const),
    blockId: fc.constantFrom(...blockIds),
    conversationId: fc.constantFrom(...conversations),
  }),
);
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

const timestamp = '2026-01-01T00:00:00.000Z';

function eventOf(given: Change, index: number): SessionEvent {
  const { blockId, conversationId } = given;
  const context = { sessionId: 'session', conversationId, source: 'runner' as const, timestamp };
  const seq = index + 1;
  switch (given.kind) {
    case 'upsert': {
      const { status, text } = given;
      const block: Block = { id: blockId, type: 'assistant_text', content: text, status, timestamp };
      return { seq, type: 'block:upsert', payload: { block }, context };
    }
    case 'delta':
      return { seq, type: 'block:delta', payload: { blockId, delta: given.text }, context };
    case 'discard':
      return { seq, type: 'block:discarded', payload: { blockId, reason: 'retried' }, context };
  }
}

// [LAW-05-compaction-reduces-alike]
it('what compaction drops changes nothing of what the events come to', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), fc.nat(40), (changes, cut) => {
      const events = changes.map(eventOf);
      const drop = new Set(droppable(events.slice(0, cut)));
      const kept = events.filter(({ seq }) => !drop.has(seq));
      const full = events.reduce(reduce, initialState('session'));
      expect(kept.reduce(reduce, initialState('session'))).toEqual(full);
    }),
  );
});

it('drops the deltas of a block that was written whole, and no others', () => {
  const kinds: Change[] = [
    { kind: 'upsert', blockId: 'a', conversationId: 'main', status: 'pending', text: '' },
    { kind: 'delta', blockId: 'a', conversationId: 'main', text: 'x' },
    { kind: 'delta', blockId: 'a', conversationId: 'sub', text: 'x' },
    { kind: 'delta', blockId: 'b', conversationId: 'main', text: 'x' },
    { kind: 'upsert', blockId: 'a', conversationId: 'main', status: 'complete', text: 'x' },
    { kind: 'delta', blockId: 'a', conversationId: 'main', text: 'late' },
  ];
  expect(droppable(kinds.map(eventOf))).toEqual([2]);
});
