import { setTimeout as delay } from 'node:timers/promises';

export interface Pacer {
  /** Waits until `tokens` more are due. Rejects with an AbortError when the signal aborts. */
  spend(tokens: number): Promise<void>;
}

/**
 * Spends tokens at a steady rate. Each wait is reckoned from the start, so that late timers are made up for
 * and the whole takes what it should.
 */
export function createPacer(
  tokensPerSecond: number,
  signal: AbortSignal,
  now: () => number = () => performance.now(),
): Pacer {
  const start = now();
  let spent = 0;
  return {
    async spend(tokens) {
      spent += tokens;
      signal.throwIfAborted();
      const wait = start + (spent * 1000) / tokensPerSecond - now();
      if (wait >= 1) await delay(wait, undefined, { signal });
    },
  };
}
