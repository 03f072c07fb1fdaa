import type { Clock } from './clock.ts';

/** A clock whose timers can all be let go of, and that then sets no more. */
export function ownClock(clock: Clock): Clock & { close(): void } {
  const cancels = new Set<() => void>();
  let closed = false;
  return {
    now: () => clock.now(),
    schedule(milliseconds, callback) {
      if (closed) return () => {};
      const cancelTimer = clock.schedule(milliseconds, () => {
        cancels.delete(cancel);
        callback();
      });
      const cancel = () => {
        cancels.delete(cancel);
        cancelTimer();
      };
      cancels.add(cancel);
      return cancel;
    },
    close() {
      closed = true;
      for (const cancel of [...cancels]) cancel();
    },
  };
}
