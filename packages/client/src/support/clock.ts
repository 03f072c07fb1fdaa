/** Time, so that tests can hold it in their hands. */
export interface Clock {
  /** Milliseconds since some fixed instant. */
  now(): number;
  /** Calls back once, after `milliseconds`; returns what cancels it. */
  schedule(milliseconds: number, callback: () => void): () => void;
}

/** Timers hold 31 bits: a longer wait would fire at once. */
const LONGEST = 0x7fffffff;

export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(milliseconds, callback) {
    const handle = setTimeout(callback, Math.min(milliseconds, LONGEST));
    return () => clearTimeout(handle);
  },
};
