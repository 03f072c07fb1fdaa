import type { Clock } from '../ports/runtime.ts';

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(milliseconds, callback, { keepAlive = false } = {}) {
    // Timers hold 31 bits: a longer wait would fire at once.
    const handle: unknown = setTimeout(callback, Math.min(milliseconds, 0x7fffffff));
    if (!keepAlive && typeof handle === 'object' && handle !== null && 'unref' in handle)
      (handle as { unref(): void }).unref();
    return () => clearTimeout(handle as Parameters<typeof clearTimeout>[0]);
  },
};
