import {
  AgentServerError,
  type PendingEvent,
  type RunnerCommand,
  runnerCommandSchema,
} from '@hhopkins/agent-protocol';
import type { CommandRecord } from '../ports/event-log.ts';
import { pause } from '../support/deadline.ts';
import { connectRunner } from './connect-runner.ts';
import type { Step } from './decide.ts';
import { deliverControl } from './deliver-control.ts';
import { endAgain, endSandbox } from './end-sandbox.ts';
import { isOverdue } from './facts.ts';
import { handTurn } from './hand-turn.ts';
import { failQueue, failTurn, loseSandbox } from './losses.ts';
import { isStoreFault } from './passing-faults.ts';
import { releaseSandbox } from './release-sandbox.ts';
import { saveForTheLastTime } from './saving.ts';
import { type SessionContext, turnAtRunner } from './session-context.ts';
import { expireRequests } from './turn-rules.ts';

/** Each may be done again after it failed half-way. */
export const STEPS: Record<Step, (context: SessionContext) => Promise<void>> = {
  async 'reclaim-sandbox'(context) {
    const { keeper, record, parts } = context;
    try {
      const held = await keeper.reclaim();
      if (held) {
        context.held = held;
        context.reachedReady = true;
        return;
      }
    } catch (error) {
      const failure = AgentServerError.from(error);
      if (isStoreFault(failure)) throw failure;
      context.failingSince ??= parts.clock.now();
      if (parts.clock.now() - context.failingSince < parts.settings.reconnectTimeoutMs) throw failure;
      return loseSandbox(context, failure.message);
    }
    const { session } = context.stream.latest();
    const intended = !record.current().sandbox?.sandboxId || session.sandbox.status === 'none';
    // An intent that never became a sandbox, or the rest of an end that was said already, is no loss.
    if (intended && !session.activeTurn) return record.claim(null);
    return loseSandbox(context, 'it no longer exists');
  },

  async 'create-sandbox'(context) {
    const { stream, event, parts, sessionId, keeper, record } = context;
    await context.append({ events: [event('sandbox:creating', { message: 'Creating a sandbox' })] });
    let making = true;
    const onProgress = (message: string, fraction?: number) => {
      if (!making || stream.uncertain()) return;
      const progress = { message: message.slice(0, 1000), ...(fraction === undefined ? {} : { fraction }) };
      context.append({ events: [event('sandbox:creating', progress)] }).catch(() => {});
    };
    try {
      context.held = await keeper.create(onProgress);
      context.reachedReady = false;
      context.failingSince = null;
      context.connectAfter = 0;
      // The wait for a sandbox is no silence of the turn that is to run in it.
      context.lastTurnEvent = parts.clock.now();
      parts.metrics.add('agent_server_sandboxes_created_total');
    } catch (error) {
      const failure = AgentServerError.from(error, 'sandbox_unavailable');
      if (isStoreFault(failure)) throw failure;
      parts.logger.log('error', 'no sandbox', { sessionId, error: failure });
      // There never was a sandbox with an id: the claim's nonce stands for it.
      const sandboxId = record.current().sandbox?.nonce ?? sessionId;
      await failQueue(context, failure, [event('sandbox:terminated', { sandboxId, reason: failure.code })]);
      await record.claim(null);
    } finally {
      making = false;
    }
  },

  'connect-runner': connectRunner,

  'hand-turn': handTurn,

  'deliver-controls': deliverControl,

  async 'expire-asks'(context) {
    const state = context.stream.latest();
    const overdue = (requestId: string) => isOverdue(context, requestId);
    const { permissions, questions } = state.session.pending;
    const denials = [
      ...permissions
        .filter(({ requestId }) => overdue(requestId))
        .map(({ requestId }) =>
          engineControl({
            type: 'permission',
            commandId: crypto.randomUUID(),
            requestId,
            decision: 'deny',
            message: 'Nobody answered in time',
          }),
        ),
      ...questions
        .filter(({ requestId }) => overdue(requestId))
        .map(({ requestId }) =>
          engineControl({ type: 'question', commandId: crypto.randomUUID(), requestId, answers: {} }),
        ),
    ];
    await context.append({
      events: expireRequests(state, context.event, 'timeout', overdue),
      commands: denials,
    });
    context.controls.push(...denials);
    for (const requestId of [...context.askedAt.keys()].filter(overdue)) context.askedAt.delete(requestId);
  },

  async 'end-silent-turn'(context) {
    const { stream, parts, link, sessionId, event } = context;
    const { session } = stream.latest();
    const turnId = session.activeTurn?.turnId ?? turnAtRunner(context) ?? session.queue[0]?.turnId;
    if (!turnId) return;
    parts.logger.log('warn', 'turn without a sign of life', { sessionId, turnId });
    const minutes = Math.round(parts.settings.turnTimeoutMs / 60_000);
    const message = `The turn showed no sign of life for ${minutes} minutes and was ended`;
    const payload = { turnId, code: 'turn_timeout', message, retryable: true };
    context.overdue = event('turn:failed', payload, { turnId }) as PendingEvent<'turn:failed'>;
    const commandId = crypto.randomUUID();
    await link?.command({ type: 'interrupt', commandId, turnId }).catch(() => {});
    await pause(parts.clock, WEDGED_GRACE_MS, context.signal);
    context.overdue = null;
    const failed = failTurn(context, turnId, 'turn_timeout', message);
    // It heeded the interrupt.
    if (failed.length === 0) return;
    await context.append({ events: failed });
    // An agent that does not even heed an interrupt is not to be trusted with the next turn.
    await saveForTheLastTime(context);
    await endSandbox(context, 'turn_timeout');
  },

  'release-sandbox': releaseSandbox,

  async 'end-sandbox'(context) {
    await saveForTheLastTime(context);
    await endAgain(context);
  },
};

const WEDGED_GRACE_MS = 10_000;

/** A control command of the engine itself. */
function engineControl(command: RunnerCommand): CommandRecord {
  return {
    commandId: command.commandId,
    principal: 'engine',
    lane: 'control',
    state: 'queued',
    bodyHash: '',
    command: runnerCommandSchema.parse(command),
    result: {},
  };
}
