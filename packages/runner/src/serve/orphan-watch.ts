/** Notices that nobody has attended the runner for too long. */
export interface OrphanWatch {
  /** @param connections how many there are now */
  attended(connections: number): void;
  close(): void;
}

/** @param ttlMs 0 for never */
export function createOrphanWatch(ttlMs: number, onOrphaned: () => void): OrphanWatch {
  let timer: NodeJS.Timeout | undefined;
  const watch: OrphanWatch = {
    attended(connections) {
      clearTimeout(timer);
      if (connections === 0 && ttlMs > 0) timer = setTimeout(onOrphaned, ttlMs);
    },
    close: () => clearTimeout(timer),
  };
  watch.attended(0);
  return watch;
}
