export interface OrphanWatch {
  /** Marks the start of a request; call the returned function at its end. */
  attend(): () => void;
  stop(): void;
}

/** Calls back once when nobody has asked for anything for `ttlMs`. Requests under way count as company. */
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
      clearTimeout(timer);
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        attending -= 1;
        rearm();
      };
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
