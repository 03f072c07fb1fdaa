import fc from 'fast-check';
import type { Case } from '../../kit.ts';
import { type EventLogStore, needsCrash, type StoreContext } from '../../persistence/context.ts';
import { type Action, lives, livesWithCrashes } from './actions.ts';
import { runAgainstModel } from './run.ts';

async function agreesWithModel(context: StoreContext<EventLogStore>, arbitrary: fc.Arbitrary<Action[]>) {
  const property = fc.asyncProperty(arbitrary, (life) => runAgainstModel(context, life));
  await fc.assert(property, { numRuns: 60, endOnFailure: false, interruptAfterTimeLimit: 90_000 });
}

/** Random lives of a log beside a plain model of it. A failure prints the seed and the shortest life that shows it. */
export const modelCases: readonly Case<StoreContext<EventLogStore>>[] = [
  {
    id: 'model',
    title:
      'through any run of appends, reads, snapshots, compactions, purges and reopenings the log agrees with its model',
    timeoutMs: 120_000,
    run: (context) => agreesWithModel(context, lives),
  },
  {
    id: 'model-with-crashes',
    title:
      'through any run of the same in which it dies again and again, the log has all that it acknowledged, and of an append in flight all or nothing',
    timeoutMs: 120_000,
    needs: needsCrash,
    run: (context) => agreesWithModel(context, livesWithCrashes),
  },
];
