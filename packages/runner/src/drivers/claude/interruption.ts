import { withDeadline } from '../../deadline.ts';
import type { ClaudeQuery } from './query.ts';

const ATTEMPTS = 10;
/** How long an interrupted turn may take to end before Claude is told again. */
const ATTEMPT_MS = 1_000;

/**
 * Interrupts until the turn is over. An interrupt that overtakes its message has no effect, so it is repeated; a program
 * that does not heed it is ended, and the next prompt resumes in a new one.
 */
export async function interruptUntil(over: Promise<unknown>, query: ClaudeQuery): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    // What it answers, or that it died meanwhile, shows in how the turn ends.
    query.interrupt().catch(() => {});
    const done = await withDeadline(over, ATTEMPT_MS, 'An interrupted turn').then(
      () => true,
      () => false,
    );
    if (done) return;
  }
  await query.kill();
}
