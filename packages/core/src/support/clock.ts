import type { Clock } from '../ports/runtime.ts';

/** The clock of the machine. Its timers do not keep a process alive where the runtime lets them be unreferenced. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(milliseconds, callback) {
    // Timers hold 31 bits: a longer wait would fire at once.
    const handle: unknown = setTimeout(callback, Math.min(milliseconds, 0x7fffffff));
    if (typeof handle === 'object' && handle !== null && 'unref' in handle)
      (handle as { unref(): void }).unref();
    return () => clearTimeout(handle as Parameters<typeof clearTimeout>[0]);
  },
};
