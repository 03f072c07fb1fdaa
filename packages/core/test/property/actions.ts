import fc from 'fast-check';
import type { Fault } from '../doubles/faults.ts';

const session = fc.nat(1);
const pick = fc.nat(9);

/** Everything that can happen to an engine, in any order. */
export const action = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      session,
      delivery: fc.constantFrom('queue' as const, 'queue' as const, 'steer' as const, 'interrupt' as const),
      /** Some keys are used again. */
      key: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: null }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('interrupt' as const), session, pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), session, pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('answer' as const), session }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('sync' as const, 'wake' as const), session }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'begin' as const,
        'begin-alone' as const,
        'background' as const,
        'say' as const,
        'type' as const,
        'complete' as const,
        'complete' as const,
        'fail' as const,
        'ask' as const,
        'write' as const,
      ),
      session,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'cut' as const,
        'crash' as const,
        'lose' as const,
        'stall' as const,
        'stutter' as const,
        'hasty' as const,
      ),
      session,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut-after' as const), session, frames: fc.nat(8) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      method: fc.constantFrom(
        'append' as const,
        'append' as const,
        'append' as const,
        'updateSessionRecord' as const,
        'stream' as const,
        'loadSession' as const,
        'findCommand' as const,
        'openCommands' as const,
        'acquire' as const,
        'saveTranscript' as const,
      ),
      fault: fc.constantFrom<Fault>('before', 'after', 'hang', 'hang-after'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('store-away' as const), forMs: fc.constantFrom(100, 20_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'provider-away' as const,
        'no-sandbox' as const,
        'no-end' as const,
        'no-end-told' as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('kill' as const),
      leases: fc.constantFrom('free' as const, 'held' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('usurp' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reconnect' as const), session }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(0, 1, 5, 50, 1000, 20_000, 70_000, 1_000_000),
    }),
  },
);
export type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never;
