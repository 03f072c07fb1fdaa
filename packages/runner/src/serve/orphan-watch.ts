/** Notices that nobody has attended the runner for too long. */
export interface OrphanWatch {
  /** @param connections how many there are now */
  attended(connections: number): void;
  close(): void;
}

/** Whoever started the runner gets this long to connect at least, in milliseconds. */
const FIRST_MS = 15_000;

/** @param ttlMs 0 for never */
export function createOrphanWatch(ttlMs: number, onOrphaned: () => void): OrphanWatch {
  let timer: NodeJS.Timeout | undefined;
  const wait = (milliseconds: number) => {
    clearTimeout(timer);
    if (ttlMs > 0) timer = setTimeout(onOrphaned, milliseconds);
  };
  wait(Math.max(ttlMs, FIRST_MS));
  return {
    attended(connections) {
      if (connections === 0) wait(ttlMs);
      else clearTimeout(timer);
    },
    close: () => clearTimeout(timer),
  };
}
