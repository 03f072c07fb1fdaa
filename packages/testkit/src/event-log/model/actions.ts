import fc from 'fast-check';

/** How many sessions the actions are about. */
export const SESSIONS = 3;

/** What one batch of an append tries. Faults are offsets from what would be right. */
export interface BatchAction {
  session: number;
  count: number;
  epoch: -1 | 0 | 1;
  head: -1 | 0 | 1;
  isOtherStream: boolean;
  movesJournal: boolean;
  command: 'none' | 'new' | 'known' | 'start' | 'end';
}

/** Something that is done to a log, in terms that mean something in any state of it. */
export type Action =
  | { kind: 'append'; batches: BatchAction[] }
  | { kind: 'read'; session: number; back: number; limit: number; cursor: 'none' | 'own' | 'other' }
  | { kind: 'snapshot'; session: number; back: number; isStale: boolean }
  | { kind: 'compact'; session: number; back: number; drop: 'none' | 'odd' | 'all'; isStale: boolean }
  | { kind: 'purge'; session: number }
  | { kind: 'reopen' }
  /** The store's process dies in the middle of this append. */
  | { kind: 'crash'; batches: BatchAction[] };

const session = fc.nat({ max: SESSIONS - 1 });
/** Mostly what works, so that streams grow. */
const mostly = <Value>(usual: Value, ...others: Value[]) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

const batch: fc.Arbitrary<BatchAction> = fc.record({
  session,
  count: fc.nat({ max: 6 }),
  epoch: mostly<-1 | 0 | 1>(0, -1, 1),
  head: mostly<-1 | 0 | 1>(0, -1, 1),
  isOtherStream: mostly(false, true),
  movesJournal: fc.boolean(),
  command: mostly<BatchAction['command']>('none', 'new', 'new', 'known', 'start', 'end'),
});

const batches = fc.uniqueArray(batch, {
  minLength: 1,
  maxLength: SESSIONS,
  selector: (each) => each.session,
});

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('append' as const), batches }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      session,
      back: fc.integer({ min: -2, max: 30 }),
      limit: fc.integer({ min: 1, max: 12 }),
      cursor: fc.constantFrom('none' as const, 'own' as const, 'own' as const, 'other' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('snapshot' as const),
      session,
      back: fc.integer({ min: -1, max: 8 }),
      isStale: mostly(false, true),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('compact' as const),
      session,
      back: fc.integer({ min: -1, max: 8 }),
      drop: fc.constantFrom('none' as const, 'odd' as const, 'all' as const),
      isStale: mostly(false, true),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('purge' as const), session }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
);

const crash: fc.Arbitrary<Action> = fc.record({ kind: fc.constant('crash' as const), batches });

const livesOf = (actions: fc.Arbitrary<Action>) =>
  fc.array(actions, { minLength: 5, maxLength: 50, size: 'max' });

/** Lives of a log. */
export const lives = livesOf(action);

/** Lives in which it dies again and again. */
export const livesWithCrashes = livesOf(
  fc.oneof({ weight: 6, arbitrary: action }, { weight: 1, arbitrary: crash }),
);
