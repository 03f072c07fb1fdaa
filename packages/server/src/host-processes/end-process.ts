import { AgentServerError } from '@hhopkins/agent-protocol';
import { type ProcessIdentity, signalProcess, waitForEnd } from './process-identity.ts';

const ASKED_MS = 3_000;
const TERMINATED_MS = 2_000;
const KILLED_MS = 5_000;

/**
 * Ends a process: first as it likes best, then by SIGTERM, then by SIGKILL. Resolves when it is gone.
 *
 * @param ask tells it to end; without it the first word is SIGTERM
 * @throws `timeout` when not even that ends it
 */
export async function endProcess(identity: ProcessIdentity, ask?: () => Promise<void>): Promise<void> {
  if (ask) {
    await ask().catch(() => {});
    if (await waitForEnd(identity, ASKED_MS)) return;
  }
  await signalProcess(identity, 'SIGTERM');
  if (await waitForEnd(identity, TERMINATED_MS)) return;
  await killProcess(identity);
}

/** Ends a process that does not answer any more, by SIGKILL. Resolves when it is gone; rejects as `endProcess` does. */
export async function killProcess(identity: ProcessIdentity): Promise<void> {
  await signalProcess(identity, 'SIGKILL');
  if (await waitForEnd(identity, KILLED_MS)) return;
  throw new AgentServerError(
    'timeout',
    `Process ${identity.pid} does not end. Look at it with "ps -fp ${identity.pid}".`,
  );
}
