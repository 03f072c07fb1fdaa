import { AgentServerError } from '@hhopkins/agent-protocol';
import type { RunnerLink } from '../runner/runner-link.ts';
import { endSandbox } from './end-sandbox.ts';
import { isStoreFault } from './passing-faults.ts';
import { save } from './saving.ts';
import type { SessionContext } from './session-context.ts';

/**
 * Saves a session that nobody uses and gives its sandbox back. Whoever comes while it is saved keeps it; from
 * `sandbox:releasing` on there is no way back.
 */
export async function releaseSandbox(context: SessionContext): Promise<void> {
  const { link, parts, event } = context;
  if (!link) return;
  const idleSince = context.lastActivity;
  const { busy } = await link.ping();
  const now = parts.clock.now();
  if (busy && now < idleSince + parts.settings.backgroundTimeoutMs) {
    context.lastBackground = now;
    return;
  }
  const undisturbed = () => isIdle(context) && context.lastActivity === idleSince && context.link === link;
  if (!(await saveWhile(context, link, undisturbed))) return;
  if (busy) await context.append({ events: [event('log', { level: 'warn', message: FORGOTTEN })] });
  await context.append({ events: [event('session:idle', { idleMs: parts.clock.now() - idleSince })] });
  if (undisturbed()) await endSandbox(context, 'idle');
}

const FORGOTTEN =
  'Background tasks still ran, but nobody used the session for too long: they end with its sandbox';

const isIdle = ({ stream, wakers, transfers }: SessionContext): boolean =>
  stream.latest().session.status === 'idle' && wakers.length + transfers === 0;

/** True when all is saved; false when somebody came, whose message then need not wait for the save to end. */
async function saveWhile(
  context: SessionContext,
  link: RunnerLink,
  undisturbed: () => boolean,
): Promise<boolean> {
  const { parts, sessionId } = context;
  let outcome: 'saved' | AgentServerError | undefined;
  save(context, link)
    .then(
      () => {
        outcome = 'saved';
      },
      (error: unknown) => {
        outcome = AgentServerError.from(error);
      },
    )
    .finally(context.nudge);
  while (!outcome && undisturbed() && !context.signal.aborted) await context.changed();
  if (!outcome || !undisturbed()) return false;
  if (outcome === 'saved') {
    context.failingSince = null;
    return true;
  }
  // A store that is away is waited for; a runner that cannot give its files away is not kept for ever.
  context.failingSince ??= parts.clock.now();
  const lasted = parts.clock.now() - context.failingSince;
  if (isStoreFault(outcome) || lasted < parts.settings.reconnectTimeoutMs) throw outcome;
  parts.logger.log('error', 'session cannot be saved; its sandbox is given back as it is', {
    sessionId,
    error: outcome.message,
  });
  return true;
}
