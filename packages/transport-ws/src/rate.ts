import type { Clock } from '@hhopkins/agent-core';

/** A token bucket that holds ten seconds' worth. */
export function createRate(perSecond: number, clock: Clock): { take(): boolean } {
  const capacity = perSecond * 10;
  let tokens = capacity;
  let filledAt = clock.now();
  return {
    take() {
      const now = clock.now();
      tokens = Math.min(capacity, tokens + ((now - filledAt) * perSecond) / 1000);
      filledAt = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
