export interface OrphanWatch {
  /** Somebody attends; call the returned function when they leave. */
  attend(): () => void;
  stop(): void;
}

/** Calls back once when nobody has attended for `ttlMs`. */
export function createOrphanWatch(ttlMs: number | undefined, onOrphaned: () => void): OrphanWatch {
  let timer: NodeJS.Timeout | undefined;
  let attending = 0;
  let stopped = ttlMs === undefined;

  function rearm(): void {
    clearTimeout(timer);
    if (!stopped && attending === 0) timer = setTimeout(onOrphaned, ttlMs);
  }

  rearm();
  return {
    attend() {
      attending += 1;
      rearm();
      let here = true;
      return () => {
        if (here) attending -= 1;
        here = false;
        rearm();
      };
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
