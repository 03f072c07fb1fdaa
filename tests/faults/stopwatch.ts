/** Where the time of something goes. */
export interface Stopwatch {
  /** Milliseconds of each part that ended, in their order. */
  readonly laps: Readonly<Record<string, number>>;
  /** Ends the part that began with the one before. */
  lap(name: string): void;
}

export function createStopwatch(): Stopwatch {
  const laps: Record<string, number> = {};
  let begun = performance.now();
  return {
    laps,
    lap(name) {
      const now = performance.now();
      laps[name] = Math.round((laps[name] ?? 0) + now - begun);
      begun = now;
    },
  };
}
