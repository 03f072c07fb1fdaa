import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Block } from './blocks.ts';
import type { SessionEvent } from './events.ts';
import { initialState, reduce } from './reducer.ts';
import { type SessionState, sessionStateSchema } from './session.ts';

const timestamp = '2026-01-01T00:00:00.000Z';
const turnIds = ['t1', 't2', 't3'];
const conversationIds = ['main', 'sub1', 'sub2'];

type Draft = Pick<SessionEvent, 'type' | 'payload'> & { conversationId?: string };
const draft = (arbitrary: fc.Arbitrary<unknown>) => arbitrary as fc.Arbitrary<Draft>;
const id = fc.constantFrom('b1', 'b2', 'b3');
const turnId = fc.constantFrom(...turnIds);
const requestId = fc.constantFrom('r1', 'r2');

const block: fc.Arbitrary<Block> = fc.oneof(
  fc.record({
    id,
    type: fc.constantFrom('assistant_text' as const, 'thinking' as const),
    content: fc.string({ maxLength: 4 }),
    timestamp: fc.constant(timestamp),
    status: fc.constantFrom('pending' as const, 'complete' as const, 'error' as const),
  }),
  fc.record({
    id,
    type: fc.constant('tool_result' as const),
    toolUseId: fc.constant('call'),
    output: fc.oneof(fc.string({ maxLength: 4 }), fc.constant({ lines: 1 })),
    isError: fc.boolean(),
    timestamp: fc.constant(timestamp),
    status: fc.constantFrom('pending' as const, 'complete' as const),
  }),
);

const anything: fc.Arbitrary<Draft> = fc.oneof(
  draft(
    fc.record({
      type: fc.constant('block:upsert'),
      payload: fc.record({ block }),
      conversationId: fc.constantFrom(...conversationIds),
    }),
  ),
  draft(
    fc.record({
      type: fc.constant('block:delta'),
      payload: fc.record({ blockId: id, delta: fc.string({ minLength: 1, maxLength: 3 }) }),
      conversationId: fc.constantFrom(...conversationIds),
    }),
  ),
  draft(
    fc.record({
      type: fc.constant('block:discarded'),
      payload: fc.record({ blockId: id, reason: fc.constant('retried') }),
      conversationId: fc.constantFrom(...conversationIds),
    }),
  ),
  draft(
    fc.record({
      type: fc.constant('turn:queued'),
      payload: turnId.chain((turn) =>
        fc.record({
          turnId: fc.constant(turn),
          messageId: fc.constant(`m-${turn}`),
          content: fc.constant('hello'),
          delivery: fc.constantFrom('queue', 'interrupt'),
        }),
      ),
    }),
  ),
  draft(
    fc.record({
      type: fc.constant('turn:started'),
      payload: fc.record({ turnId, messageId: fc.constant('m') }),
    }),
  ),
  draft(
    fc.record({
      type: fc.constantFrom('turn:completed', 'turn:interrupted'),
      payload: fc.record({ turnId }),
    }),
  ),
  draft(
    fc.record({
      type: fc.constant('permission:requested'),
      payload: fc.record({
        requestId,
        conversationId: fc.constant('main'),
        toolName: fc.constant('Bash'),
        input: fc.constant({}),
      }),
    }),
  ),
  draft(
    fc.record({
      type: fc.constant('permission:resolved'),
      payload: fc.record({ requestId, outcome: fc.constant('allow'), by: fc.constant('p') }),
    }),
  ),
  draft(
    fc.record({
      type: fc.constantFrom('file:created', 'file:modified'),
      payload: fc.record({
        path: fc.constantFrom('a', 'b'),
        hash: fc.constant('0'.repeat(64)),
        size: fc.nat(9),
        mode: fc.constant(0o644),
      }),
    }),
  ),
  draft(
    fc.record({
      type: fc.constant('file:deleted'),
      payload: fc.record({ path: fc.constantFrom('a', 'b') }),
    }),
  ),
  draft(
    fc.record({
      type: fc.constantFrom('subagent:spawned'),
      payload: fc.record({ subagentId: fc.constantFrom('sub1', 'sub2'), name: fc.constant('helper') }),
    }),
  ),
);

const numbered = (drafts: readonly Draft[]): SessionEvent[] =>
  drafts.map(
    ({ type, payload, conversationId = 'main' }, index) =>
      ({
        seq: index + 1,
        type,
        payload,
        context: { sessionId: 'session', conversationId, source: 'runner', timestamp },
      }) as SessionEvent,
  );
const reduceAll = (events: readonly SessionEvent[], from: SessionState = initialState('session')) =>
  events.reduce(reduce, from);
const freeze = <Value>(value: Value): Value => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
};

const events = fc.array(anything, { maxLength: 40 }).map(numbered);

describe('the reduction of any events', () => {
  it('changes neither the state nor the events that it is given', () => {
    fc.assert(
      fc.property(events, (given) => {
        let state = freeze(initialState('session'));
        for (const event of given) state = freeze(reduce(state, freeze(event)));
      }),
    );
  });

  it('is the same in one go and from any snapshot on', () => {
    fc.assert(
      fc.property(events, fc.nat(40), (given, cut) => {
        const snapshot = JSON.parse(JSON.stringify(reduceAll(given.slice(0, cut)))) as SessionState;
        expect(reduceAll(given.slice(cut), snapshot)).toEqual(reduceAll(given));
      }),
    );
  });

  it('always has the form of a state', () => {
    fc.assert(
      fc.property(events, (given) => {
        expect(sessionStateSchema.safeParse(reduceAll(given)).error).toBeUndefined();
      }),
    );
  });

  it('never has a block, a file or a subagent twice', () => {
    const unique = (ids: readonly string[]) => expect(new Set(ids).size).toBe(ids.length);
    fc.assert(
      fc.property(events, (given) => {
        const { conversation, files } = reduceAll(given);
        unique(conversation.blocks.map((each) => each.id));
        unique(conversation.subagents.map((each) => each.id));
        for (const { blocks } of conversation.subagents) unique(blocks.map((each) => each.id));
        unique(files.map(({ path }) => path));
      }),
    );
  });

  it('keeps what did not change as it is, so that views need not be drawn again', () => {
    fc.assert(
      fc.property(events, (given) => {
        const before = reduceAll(given);
        const after = reduce(before, {
          seq: 99,
          type: 'log',
          payload: { level: 'info', message: 'x' },
          context: { sessionId: 'session', conversationId: 'main', source: 'engine', timestamp },
        });
        expect(after.conversation).toBe(before.conversation);
        expect(after.files).toBe(before.files);
      }),
    );
  });
});

describe('a block', () => {
  it('comes to the same by its deltas as in one piece', () => {
    fc.assert(
      fc.property(events, fc.array(fc.string(), { maxLength: 6 }), (given, pieces) => {
        const text = (content: string): Draft => ({
          type: 'block:upsert',
          payload: { block: { id: 'new', type: 'assistant_text', content, timestamp, status: 'pending' } },
        });
        const deltas = pieces.map(
          (delta): Draft => ({ type: 'block:delta', payload: { blockId: 'new', delta } }),
        );
        const before = reduceAll(given);
        expect(reduceAll(numbered([text(''), ...deltas]), before)).toEqual(
          reduceAll(numbered([text(pieces.join(''))]), before),
        );
      }),
    );
  });

  it('that is discarded is as if it had never been', () => {
    fc.assert(
      fc.property(events, fc.array(fc.string(), { maxLength: 3 }), (given, pieces) => {
        const before = reduceAll(given);
        const after = reduceAll(
          numbered([
            {
              type: 'block:upsert',
              payload: {
                block: { id: 'new', type: 'thinking', content: '', timestamp, status: 'pending' },
              },
            },
            ...pieces.map((delta): Draft => ({ type: 'block:delta', payload: { blockId: 'new', delta } })),
            { type: 'block:discarded', payload: { blockId: 'new', reason: 'retried' } },
          ]),
          before,
        );
        expect(after.conversation).toEqual(before.conversation);
      }),
    );
  });
});
