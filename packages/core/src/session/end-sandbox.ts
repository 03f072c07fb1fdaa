import { AgentServerError } from '@hhopkins/agent-protocol';
import { answerWakers, type SessionContext, takeTurnsBack } from './session-context.ts';

/** Ends it by our own will. The claim goes last: until then a server that takes over knows what is left to do. */
export async function endSandbox(context: SessionContext, reason: string): Promise<void> {
  const { keeper, event, held, link, record } = context;
  const sandboxId = held?.sandbox.id ?? record.current().sandbox?.sandboxId;
  context.link = null;
  link?.close();
  await keeper.terminate(held?.sandbox);
  await context.append({
    events: sandboxId ? [event('sandbox:terminated', { sandboxId, reason })] : [],
    commands: takeTurnsBack(context),
  });
  context.held = null;
  context.setup = null;
  context.failingSince = null;
  await record.claim(null);
  answerWakers(
    context,
    new AgentServerError(
      'sandbox_unavailable',
      `Session ${context.sessionId}: its sandbox was ended (${reason})`,
    ),
  );
}
