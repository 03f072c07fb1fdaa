import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /** Milliseconds since any fixed moment. */
  now(): number;
  /** Rejects when the signal aborts. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export interface Pacer {
  /** Waits until `tokens` more are due. Rejects when the signal aborts. */
  spend(tokens: number): Promise<void>;
}

const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, { signal }),
};

/**
 * Spends tokens at a steady rate. Each wait is reckoned from the start, so that late timers are made up for
 * and the whole takes what it should.
 */
export function createPacer(tokensPerSecond: number, signal: AbortSignal, clock: Clock = systemClock): Pacer {
  const start = clock.now();
  let spent = 0;
  return {
    async spend(tokens) {
      signal.throwIfAborted();
      spent += tokens;
      const wait = start + (spent * 1000) / tokensPerSecond - clock.now();
      if (wait >= 1) await clock.sleep(wait, signal);
    },
  };
}
