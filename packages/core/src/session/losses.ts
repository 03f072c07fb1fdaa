import type { AgentServerError, ErrorCode, PendingEvent } from '@hhopkins/agent-protocol';
import { answerWakers, type SessionContext, takeTurnsBack } from './session-context.ts';
import { closeOpenEnds } from './turn-rules.ts';

/** The one explicit outcome of a turn when what ran it is gone. Nothing when it neither runs nor waits. */
export function failTurn(
  context: SessionContext,
  turnId: string | undefined,
  code: ErrorCode,
  message: string,
): PendingEvent[] {
  const state = context.stream.latest();
  const { activeTurn, queue } = state.session;
  const active = activeTurn?.turnId === turnId;
  if (!turnId || !(active || queue.some((turn) => turn.turnId === turnId))) return [];
  return [
    ...(active ? closeOpenEnds(state, context.event) : []),
    context.event('turn:failed', { turnId, code, message, retryable: true }, { turnId }),
  ];
}

/**
 * Every waiting message fails: there is no way to run it.
 *
 * @param more said with it
 */
export async function failQueue(
  context: SessionContext,
  error: AgentServerError,
  more: readonly PendingEvent[] = [],
): Promise<void> {
  const { queue } = context.stream.latest().session;
  const { code, message } = error;
  answerWakers(context, error);
  await context.append({
    events: [
      context.event('error', { code, message }),
      ...queue.flatMap(({ turnId }) => failTurn(context, turnId, code, message)),
      ...more,
    ],
  });
}

/** The sandbox is gone, or as good as gone. What it held beyond the last save went with it. */
export async function loseSandbox(context: SessionContext, reason: string): Promise<void> {
  const { stream, event, record, parts, held } = context;
  parts.metrics.add('agent_server_sandboxes_lost_total');
  parts.logger.log('warn', 'sandbox lost', { sessionId: context.sessionId, reason });
  const sandboxId = record.current().sandbox?.sandboxId ?? held?.sandbox.id;
  const turnId = stream.latest().session.activeTurn?.turnId;
  await context.append({
    events: [
      ...(sandboxId ? [event('sandbox:lost', { sandboxId, reason })] : []),
      ...failTurn(context, turnId, 'sandbox_lost', `The sandbox was lost: ${reason}`),
    ],
    commands: takeTurnsBack(context),
  });
  context.link?.close();
  context.link = null;
  context.held = null;
  context.setup = null;
  context.failingSince = null;
  context.barrenSandboxes += 1;
  await parts.models.revoke?.(context.sessionId).catch(() => {});
  // When it is not gone after all. Nobody claims it any more: if this fails, it is reaped as an orphan.
  held?.sandbox.terminate().catch(() => {});
  await record.claim(null);
}
