import { AgentServerError } from '@hhopkins/agent-protocol';

/**
 * The promise, or a `timeout` when it takes longer than `milliseconds`. What it stands for goes on.
 *
 * @param what named in the error, e.g. `start of the agent`
 */
export async function withDeadline<Value>(
  promise: Promise<Value>,
  milliseconds: number,
  what: string,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(new AgentServerError('timeout', `${what} took longer than ${milliseconds} ms`));
    timer = setTimeout(fail, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
