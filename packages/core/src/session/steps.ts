import { AgentServerError, type RunnerCommand } from '@hhopkins/agent-protocol';
import type { CommandRecord } from '../ports/event-log.ts';
import { pause } from '../support/deadline.ts';
import { connectRunner } from './connect-runner.ts';
import type { Step } from './decide.ts';
import { deliverControl } from './deliver-control.ts';
import { endSandbox } from './end-sandbox.ts';
import { failActiveTurn, failQueue, loseSandbox } from './losses.ts';
import type { SessionContext } from './session-context.ts';
import { expireRequests } from './turn-rules.ts';

/** Each may be done again after it failed half-way. */
export const STEPS: Record<Step, (context: SessionContext) => Promise<void>> = {
  async 'reclaim-sandbox'(context) {
    const held = await context.keeper.reclaim();
    if (!held) return loseSandbox(context, 'it no longer exists');
    context.held = held;
    context.reachedReady = true;
  },

  async 'create-sandbox'(context) {
    const { stream, event, parts, sessionId } = context;
    await stream.append({ events: [event('sandbox:creating', { message: 'Creating a sandbox' })] });
    const onProgress = (message: string, fraction?: number) => {
      stream.append({ events: [event('sandbox:creating', { message, fraction })] }).catch(() => {});
    };
    try {
      context.held = await context.keeper.create(onProgress);
      context.reachedReady = false;
      parts.metrics.add('agent_server_sandboxes_created_total');
    } catch (error) {
      const failure = AgentServerError.from(error, 'sandbox_unavailable');
      if (failure.code === 'store_unavailable' || failure.code === 'stale_epoch') throw failure;
      parts.logger.log('error', 'no sandbox', { sessionId, error: failure });
      await failQueue(context, failure);
      await context.record.claim(null);
    }
  },

  'connect-runner': connectRunner,

  async 'hand-turn'(context) {
    const { stream, link, turnCommands } = context;
    const next = stream.latest().session.queue[0];
    if (!next || !link) return;
    const { turnId, messageId, content } = next;
    // Set first: `turn:started` may overtake the answer.
    context.handedTurnId = turnId;
    try {
      await link.command({ type: 'turn', commandId: turnId, turnId, messageId, content });
    } catch (error) {
      context.handedTurnId = null;
      throw error;
    }
    const command = turnCommands.get(turnId);
    if (command?.state === 'queued') {
      turnCommands.set(turnId, { ...command, state: 'taken' });
      await stream.append({ events: [], commands: [{ ...command, state: 'taken' }] });
    }
  },

  'deliver-controls': deliverControl,

  async 'expire-asks'(context) {
    const state = context.stream.latest();
    const { permissions, questions } = state.session.pending;
    const denials = [
      ...permissions.map(({ requestId }) =>
        engineControl({
          type: 'permission',
          commandId: `timeout_${requestId}`,
          requestId,
          decision: 'deny',
          message: 'Nobody answered in time',
        }),
      ),
      ...questions.map(({ requestId }) =>
        engineControl({ type: 'question', commandId: `timeout_${requestId}`, requestId, answers: {} }),
      ),
    ];
    await context.stream.append({
      events: expireRequests(state, context.event, 'timeout'),
      commands: denials,
    });
    context.controls.push(...denials);
  },

  async 'end-silent-turn'(context) {
    const { stream, parts, link } = context;
    const turnId = stream.latest().session.activeTurn?.turnId;
    if (!turnId) return;
    const minutes = Math.round(parts.settings.turnTimeoutMs / 60_000);
    parts.logger.log('warn', 'turn without a sign of life', { sessionId: context.sessionId, turnId });
    await link?.command({ type: 'interrupt', commandId: `timeout_${turnId}`, turnId }).catch(() => {});
    await pause(parts.clock, WEDGED_GRACE_MS);
    const failed = failActiveTurn(
      context,
      'turn_timeout',
      `The turn showed no sign of life for ${minutes} minutes and was ended`,
    );
    if (failed.events.length === 0) return;
    await stream.append(failed);
    // An agent that does not even heed an interrupt is not to be trusted with the next turn.
    await endSandbox(context, 'turn_timeout');
  },

  async 'release-sandbox'(context) {
    const { link, stream, event, parts } = context;
    if (!link) return;
    if ((await link.ping()).busy) {
      context.lastActivity = parts.clock.now();
      return;
    }
    await stream.append({
      events: [event('session:idle', { idleMs: parts.clock.now() - context.lastActivity })],
    });
    await context.synchroniser.run(link);
    // A message that came meanwhile finds the sandbox still there.
    if (stream.latest().session.status !== 'idle') return;
    await endSandbox(context, 'idle');
  },

  async 'end-sandbox'(context) {
    const { link } = context;
    if (link)
      await Promise.race([
        context.synchroniser.run(link).catch(() => {}),
        pause(context.parts.clock, FINAL_SYNC_MS),
      ]);
    await endSandbox(context, 'terminated');
  },
};

const WEDGED_GRACE_MS = 10_000;
const FINAL_SYNC_MS = 10_000;

/** A control command of the engine itself. */
function engineControl(command: RunnerCommand): CommandRecord {
  return {
    commandId: command.commandId,
    principal: 'engine',
    lane: 'control',
    state: 'queued',
    bodyHash: '',
    command,
    result: {},
  };
}
