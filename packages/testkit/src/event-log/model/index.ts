import fc from 'fast-check';
import type { Case } from '../../kit.ts';
import type { EventLogStore, StoreContext } from '../../persistence/context.ts';
import { actions } from './actions.ts';
import { runAgainstModel } from './run.ts';

/** Random lives of a log beside a plain model of it. A failure prints the seed and the shortest life that shows it. */
export const modelCases: readonly Case<StoreContext<EventLogStore>>[] = [
  {
    id: 'model',
    title:
      'through any run of appends, reads, snapshots, compactions, purges and reopenings the log agrees with its model',
    timeoutMs: 120_000,
    async run(context) {
      const property = fc.asyncProperty(actions, (life) => runAgainstModel(context, life));
      await fc.assert(property, { numRuns: 60, endOnFailure: false, interruptAfterTimeLimit: 90_000 });
    },
  },
];
