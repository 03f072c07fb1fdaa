import type { Clock } from './clock.ts';

/** Waits; an aborted signal ends the wait at once. Never rejects. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const over = () => {
      cancel();
      signal.removeEventListener('abort', over);
      resolve();
    };
    const cancel = clock.schedule(milliseconds, over);
    signal.addEventListener('abort', over);
  });
}
