import { AgentServerError } from '@hhopkins/agent-protocol';
import type { RunnerLink } from '../runner/runner-link.ts';
import { withDeadline } from '../support/deadline.ts';
import type { SessionContext } from './session-context.ts';

/** Brings what is in the sandbox into the store. */
export async function save(context: SessionContext, link: RunnerLink): Promise<void> {
  context.unsaved = false;
  context.lastSync = context.parts.clock.now();
  try {
    await context.synchroniser.run(link);
  } catch (error) {
    context.unsaved = true;
    throw error;
  }
}

export const saveDue = ({ unsaved, lastSync, parts }: SessionContext): number =>
  unsaved ? lastSync + parts.settings.syncIntervalMs : Number.POSITIVE_INFINITY;

/** Saving goes on beside the steps: a large workspace must not hold up the next turn. */
export function saveWhenDue(context: SessionContext, force = false): void {
  const { link, parts, sessionId, signal } = context;
  // Who stops has saved for the last time, or leaves it to the next server.
  if (!link || signal.aborted || !context.unsaved || (!force && parts.clock.now() < saveDue(context))) return;
  save(context, link).catch((error: unknown) => {
    parts.logger.log('warn', 'session not saved; it is tried again', {
      sessionId,
      error: AgentServerError.from(error).message,
    });
    context.nudge();
  });
}

const FINAL_SAVE_MS = 10_000;

/** The last chance to save before the sandbox is ended, in bounded time; a failure is logged. */
export async function saveForTheLastTime(context: SessionContext): Promise<void> {
  const { link, parts, sessionId } = context;
  if (!link) return;
  await withDeadline(parts.clock, FINAL_SAVE_MS, 'The last save', save(context, link)).catch(
    (error: unknown) =>
      parts.logger.log('warn', 'session not saved before its sandbox was ended', {
        sessionId,
        error: AgentServerError.from(error).message,
      }),
  );
}
