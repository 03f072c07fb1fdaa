import { AgentServerError } from '@hhopkins/agent-protocol';
import { loseSandbox } from './losses.ts';
import { isStoreFault } from './passing-faults.ts';
import { answerWakers, type SessionContext, takeTurnsBack } from './session-context.ts';

/**
 * Ends it by our own will, and says so first: whatever comes between, by us or by a server that takes over, it is given no
 * further turn. The claim goes last: until then it is known what is left to do.
 */
export async function endSandbox(context: SessionContext, reason: string): Promise<void> {
  const { keeper, event, held, record, stream } = context;
  const sandboxId = held?.sandbox.id ?? record.current().sandbox?.sandboxId;
  const { status } = stream.latest().session.sandbox;
  if (sandboxId && status !== 'releasing' && status !== 'lost') {
    await context.append({ events: [event('sandbox:releasing', { sandboxId, reason })] });
    context.failingSince = null;
  }
  context.link?.close();
  context.link = null;
  await keeper.terminate(held?.sandbox);
  await context.append({
    events: sandboxId ? [event('sandbox:terminated', { sandboxId, reason })] : [],
    commands: takeTurnsBack(context),
  });
  context.held = null;
  context.setup = null;
  context.failingSince = null;
  await record.claim(null);
  // Otherwise they get a new one.
  if (!context.signal.aborted) return;
  const message = `Session ${context.sessionId}: its sandbox was ended (${reason})`;
  answerWakers(context, new AgentServerError('sandbox_unavailable', message));
}

/** Ends it once more after a failure, or what another server began to end, or what is left of one that was lost. */
export async function endAgain(context: SessionContext): Promise<void> {
  const { stream, parts } = context;
  const { status, sandbox } = stream.latest().session;
  const terminated = status === 'terminated';
  try {
    await endSandbox(context, terminated ? 'terminated' : (sandbox.message ?? 'idle'));
  } catch (error) {
    const failure = AgentServerError.from(error);
    if (terminated || isStoreFault(failure)) throw failure;
    context.failingSince ??= parts.clock.now();
    if (parts.clock.now() - context.failingSince < parts.settings.reconnectTimeoutMs) throw failure;
    // Messages wait for it. Once nobody claims it, it is ended as an orphan.
    await loseSandbox(context, `it could not be ended: ${failure.message}`);
  }
}
