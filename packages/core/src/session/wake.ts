import type { RunnerLink } from '../runner/runner-link.ts';
import { withDeadline } from '../support/deadline.ts';
import { createDeferred } from '../support/deferred.ts';
import type { SessionContext } from './session-context.ts';

/** Resolves when sandbox and runner are ready; rejects when they cannot be had. */
export async function wake(context: SessionContext): Promise<void> {
  const { parts, sessionId, nudge } = context;
  context.lastActivity = parts.clock.now();
  if (context.link) return;
  const ready = createDeferred<void>();
  context.wakers.push(ready);
  nudge();
  try {
    await withDeadline(
      parts.clock,
      parts.settings.sandboxTimeoutMs,
      `The sandbox of session ${sessionId}`,
      ready.promise,
      'sandbox_unavailable',
    );
  } finally {
    context.wakers = context.wakers.filter((waker) => waker !== ready);
    nudge();
  }
}

export const hasSandbox = ({ held, record }: SessionContext): boolean =>
  Boolean(held ?? record.current().sandbox);

/** The runner's connection, waited for when there is a sandbox; null when there is none. */
export async function reach(context: SessionContext): Promise<RunnerLink | null> {
  if (!context.link && hasSandbox(context)) await wake(context);
  return context.link;
}
