import { AgentServerError } from '@hhopkins/agent-protocol';
import { answerWakers, type SessionContext } from './session-context.ts';

/** Ends it by our own will. */
export async function endSandbox(context: SessionContext, reason: string): Promise<void> {
  const { keeper, stream, event, held } = context;
  const sandboxId = held?.sandbox.id ?? context.record.current().sandbox?.sandboxId;
  const { link } = context;
  context.link = null;
  link?.close();
  await keeper.end(held?.sandbox);
  context.held = null;
  context.handedTurnId = null;
  answerWakers(
    context,
    new AgentServerError(
      'session_terminated',
      `Session ${context.sessionId}: its sandbox was ended (${reason})`,
    ),
  );
  if (sandboxId) await stream.append({ events: [event('sandbox:terminated', { sandboxId, reason })] });
}
