import { AgentServerError } from '@hhopkins/agent-protocol';

/** The promise, or a `timeout` when it takes longer. What it does goes on; only the waiting ends. */
export async function within<Value>(
  milliseconds: number,
  what: string,
  promise: Promise<Value>,
): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    const fail = () =>
      reject(
        new AgentServerError('timeout', `${what} took longer than ${milliseconds} ms. Ask again later.`),
      );
    timer = setTimeout(fail, milliseconds);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
