import { readJsonFile, replaceFile } from '../files/durable.ts';

/** The highest epoch that was ever seen; whoever has a lower one no longer owns the session. */
export interface EpochKeeper {
  readonly highest: number;
  /** Resolves once the epoch is on disk. False when a higher one was seen. */
  admit(epoch: number): Promise<boolean>;
}

export async function openEpoch(path: string): Promise<EpochKeeper> {
  const stored = (await readJsonFile(path)) as { epoch?: unknown } | null;
  let highest = typeof stored?.epoch === 'number' ? stored.epoch : 0;
  let saving: Promise<void> = Promise.resolve();
  return {
    get highest() {
      return highest;
    },
    async admit(epoch) {
      if (epoch < highest) return false;
      if (epoch > highest) {
        highest = epoch;
        saving = saving.then(() => replaceFile(path, JSON.stringify({ epoch })));
      }
      await saving;
      return epoch === highest;
    },
  };
}
