import type { EngineParts } from '../engine-parts.ts';
import type { SandboxClaim } from '../ports/persistence.ts';
import { unfinishedSessions } from '../store/unfinished-sessions.ts';

/**
 * Ends this deployment's sandboxes that no record claims and that are older than the grace period. A claim is stored before
 * its sandbox is made, so what is unclaimed for that long has been forgotten.
 *
 * @param held claims of the sessions that run here: a user's own table may have no place for them
 */
export async function reapOrphans(
  parts: EngineParts,
  held: () => readonly (SandboxClaim | null | undefined)[],
): Promise<number> {
  const { sandboxes, persistence, clock, settings, logger, deploymentId } = parts;
  const deadline = clock.now() - settings.orphanGraceMs;
  const made = await sandboxes.list({ labels: { deployment: deploymentId } });
  const old = made.filter(({ createdAt }) => Date.parse(createdAt) <= deadline);
  if (old.length === 0) return 0;
  // Read after the sandboxes were listed: a claim that is not there now was not there then.
  const unfinished = await unfinishedSessions(persistence);
  const claims = [...unfinished.map(({ sandbox }) => sandbox), ...held()];
  const claimed = new Set(claims.map((claim) => claim?.nonce));
  let reaped = 0;
  for (const { id, labels } of old) {
    if (claimed.has(labels.nonce)) continue;
    try {
      await (await sandboxes.attach(id)).terminate();
      logger.log('info', 'orphaned sandbox ended', { sandboxId: id, sessionId: labels.session });
      reaped += 1;
    } catch (error) {
      logger.log('warn', 'orphaned sandbox not ended; it is tried again', { sandboxId: id, error });
    }
  }
  return reaped;
}
