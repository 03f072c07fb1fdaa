const MINUTE_MS = 60_000;

/** Lets so many through a minute, all at once after a quiet minute. */
export interface TokenBucket {
  /** 0 when one more may pass, and it has; else the milliseconds until it may. */
  take(perMinute: number, now: number): number;
}

export function createTokenBucket(): TokenBucket {
  let left: number | undefined;
  let asOf = 0;
  return {
    take(perMinute, now) {
      const refilled = (Math.max(0, now - asOf) * perMinute) / MINUTE_MS;
      left = Math.min(perMinute, (left ?? perMinute) + refilled);
      asOf = now;
      if (left < 1) return Math.ceil(((1 - left) * MINUTE_MS) / perMinute);
      left -= 1;
      return 0;
    },
  };
}
