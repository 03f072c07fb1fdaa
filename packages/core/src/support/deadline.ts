import { AgentServerError, type ErrorCode } from '@hhopkins/agent-protocol';
import type { Clock } from '../ports/runtime.ts';

/**
 * `work`, or an error once `milliseconds` have passed. The work itself is not stopped; its late outcome is ignored.
 *
 * @param what said in the message, e.g. `the runner's hello`
 */
export async function withDeadline<Value>(
  clock: Clock,
  milliseconds: number,
  what: string,
  work: Promise<Value>,
  code: ErrorCode = 'timeout',
): Promise<Value> {
  let cancel = () => {};
  const expiry = new Promise<never>((_, reject) => {
    cancel = clock.schedule(milliseconds, () => {
      reject(new AgentServerError(code, `${what} did not come within ${milliseconds} ms`));
    });
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    work.catch(() => {});
    cancel();
  }
}

/** Resolves after `milliseconds` of `clock`, or at once when `signal` is aborted. */
export function pause(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.schedule(milliseconds, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
