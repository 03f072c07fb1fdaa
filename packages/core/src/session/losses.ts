import type { AgentServerError, ErrorCode, PendingEvent } from '@hhopkins/agent-protocol';
import type { CommandRecord } from '../ports/event-log.ts';
import { answerWakers, type SessionContext } from './session-context.ts';
import { closeOpenEnds } from './turn-rules.ts';

/** The one explicit outcome of the running turn when what ran it is gone. Nothing when no turn runs. */
export function failActiveTurn(
  context: SessionContext,
  code: ErrorCode,
  message: string,
): { events: PendingEvent[]; commands: CommandRecord[] } {
  const state = context.stream.latest();
  const turnId = state.session.activeTurn?.turnId;
  if (!turnId) return { events: [], commands: [] };
  return {
    events: [
      ...closeOpenEnds(state, context.event),
      context.event('turn:failed', { turnId, code, message, retryable: true }, { turnId }),
    ],
    commands: ended(context, turnId),
  };
}

/** Every waiting message fails: there is no way to run it. */
export async function failQueue(context: SessionContext, error: AgentServerError): Promise<void> {
  const { queue } = context.stream.latest().session;
  answerWakers(context, error);
  const { code, message } = error;
  await context.stream.append({
    events: [
      context.event('error', { code, message }),
      ...queue.map(({ turnId }) =>
        context.event('turn:failed', { turnId, code, message, retryable: true }, { turnId }),
      ),
    ],
    commands: queue.flatMap(({ turnId }) => ended(context, turnId)),
  });
}

const ended = (context: SessionContext, turnId: string): CommandRecord[] => {
  const command = context.turnCommands.get(turnId);
  return command ? [{ ...command, state: 'ended' }] : [];
};

/** The sandbox is gone, or as good as gone. What it held beyond the last save went with it. */
export async function loseSandbox(context: SessionContext, reason: string): Promise<void> {
  const { stream, event, record, parts } = context;
  parts.metrics.add('agent_server_sandboxes_lost_total');
  parts.logger.log('warn', 'sandbox lost', { sessionId: context.sessionId, reason });
  const sandboxId = record.current().sandbox?.sandboxId ?? context.held?.sandbox.id;
  const failed = failActiveTurn(context, 'sandbox_lost', `The sandbox was lost: ${reason}`);
  await stream.append({
    events: [...(sandboxId ? [event('sandbox:lost', { sandboxId, reason })] : []), ...failed.events],
    commands: failed.commands,
  });
  const { held } = context;
  context.link?.close();
  context.link = null;
  context.held = null;
  context.handedTurnId = null;
  context.failingSince = null;
  await record.claim(null);
  // When it is not gone after all, nobody claims it any more: if this fails, it is reaped as an orphan.
  held?.sandbox.terminate().catch(() => {});
}
