import { setTimeout as pause } from 'node:timers/promises';

/** What a wait for an agent or a process may take at most, milliseconds. Generous: two cores may run everything at once. */
export const PATIENCE_MS = 60_000;
/** What a whole test may take: its waits end before, and say what did not come. */
export const TEST_MS = 180_000;
/** Scenarios mostly wait for processes, so those of a group run together. */
export const TOGETHER = { timeout: TEST_MS, concurrent: true } as const;
const POLL_MS = 50;

/** The promise's value, or an error that names what did not come; `detail` says what there was instead. */
export async function within<Value>(
  what: string,
  promise: Promise<Value>,
  { milliseconds = PATIENCE_MS, detail = () => '' }: { milliseconds?: number; detail?: () => string } = {},
): Promise<Value> {
  const settled = new AbortController();
  const late = pause(milliseconds, undefined, { signal: settled.signal }).then(() => {
    throw new Error(`${what}: not within ${milliseconds} ms. ${detail()}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    settled.abort();
    late.catch(() => {});
  }
}

/** Looks again and again until `look` gives something; for what announces itself by no event. */
export async function eventually<Found>(
  what: string,
  look: () => Found | undefined | false | Promise<Found | undefined | false>,
  milliseconds = PATIENCE_MS,
): Promise<Found> {
  const begun = performance.now();
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() - begun > milliseconds) throw new Error(`${what}: not within ${milliseconds} ms`);
    await pause(POLL_MS);
  }
}
