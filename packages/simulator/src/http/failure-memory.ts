/**
 * Counts how often a request was answered with a failure, so that one can fail twice and then succeed. It is all
 * that the simulator remembers: Claude Code repeats a request unchanged, header by header, so nothing in it
 * tells the third try from the first.
 */
export interface FailureMemory {
  count(fingerprint: string): number;
  add(fingerprint: string): void;
  forget(fingerprint: string): void;
}

export function createFailureMemory(maxEntries = 1000): FailureMemory {
  const counts = new Map<string, number>();
  return {
    count: (fingerprint) => counts.get(fingerprint) ?? 0,
    add(fingerprint) {
      const next = (counts.get(fingerprint) ?? 0) + 1;
      counts.delete(fingerprint);
      counts.set(fingerprint, next);
      const [oldest] = counts.keys();
      if (counts.size > maxEntries && oldest !== undefined) counts.delete(oldest);
    },
    forget: (fingerprint) => void counts.delete(fingerprint),
  };
}
