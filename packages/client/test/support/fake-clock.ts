import type { Clock } from '../../src/support/clock.ts';

export interface FakeClock extends Clock {
  /** Timers that are set. */
  readonly pending: number;
  /** Lets time pass, timer by timer, and all that follows from each happen before the next. */
  advance(milliseconds: number): Promise<void>;
}

interface Timer {
  at: number;
  order: number;
  callback: () => void;
}

export function createFakeClock(): FakeClock {
  const timers = new Set<Timer>();
  let now = 0;
  let order = 0;

  const next = (until: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.at > until) continue;
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  };

  return {
    now: () => now,
    schedule(milliseconds, callback) {
      order += 1;
      const timer = { at: now + milliseconds, order, callback };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    get pending() {
      return timers.size;
    },
    async advance(milliseconds) {
      const until = now + milliseconds;
      await settle();
      for (let timer = next(until); timer; timer = next(until)) {
        timers.delete(timer);
        now = timer.at;
        timer.callback();
        await settle();
      }
      now = until;
    },
  };
}

/** Promises that wait for nothing but each other come to their end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await undefined;
}
