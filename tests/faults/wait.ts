import { setTimeout as pause } from 'node:timers/promises';
import { Broken, stuck } from './finding.ts';

const POLL_MS = 30;

/** Looks again and again; a look that fails counts as nothing yet. What does not come in time is stuck. */
export async function until<Found>(
  what: string,
  milliseconds: number,
  look: () => Found | undefined | false | Promise<Found | undefined | false>,
): Promise<Found> {
  const begun = performance.now();
  let problem = '';
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      problem = ` (${(error as Error).message})`;
    }
    if (performance.now() - begun > milliseconds) {
      throw new Broken(stuck(`${what}: not within ${milliseconds} ms${problem}`));
    }
    await pause(POLL_MS);
  }
}
