import { AgentServerError, type RunnerCommand, runnerCommandSchema } from '@hhopkins/agent-protocol';
import type { CommandRecord } from '../ports/event-log.ts';
import type { SessionContext } from './session-context.ts';

/** Codes by which a runner says no for good: asking again would not help. */
const REFUSALS: ReadonlySet<string> = new Set([
  'not_running',
  'capability_missing',
  'invalid_request',
  'request_not_found',
]);

/** Hands the oldest control command to the runner, and sees to what becomes of one that it cannot take. */
export async function deliverControl(context: SessionContext): Promise<void> {
  const [control] = context.controls;
  if (!control) return;
  const command = runnerCommandSchema.parse(control.command);
  const delivered = !isVoid(context, command) && (await deliver(context, command));
  // A message is never lost: one that came too late for its turn, or to an agent that takes none, waits for the next.
  if (!delivered && command.type === 'steer') await queueInstead(context, command);
  context.controls = context.controls.filter((each) => each !== control);
  await context.stream.append({ events: [], commands: [{ ...control, state: 'ended' }] });
}

async function deliver(context: SessionContext, command: RunnerCommand): Promise<boolean> {
  try {
    await context.link?.command(command);
    return true;
  } catch (error) {
    if (!AgentServerError.isInstance(error) || !REFUSALS.has(error.code)) throw error;
    const { sessionId, parts } = context;
    parts.logger.log('info', `the runner refused a ${command.type}`, { sessionId, reason: error.message });
    return false;
  }
}

/** What its turn left behind answers nobody any more. */
function isVoid(context: SessionContext, command: RunnerCommand): boolean {
  const { session } = context.stream.latest();
  if (command.type === 'interrupt' || command.type === 'steer') {
    return session.activeTurn?.turnId !== command.turnId && context.handedTurnId !== command.turnId;
  }
  return session.activeTurn === null;
}

async function queueInstead(
  context: SessionContext,
  steer: Extract<RunnerCommand, { type: 'steer' }>,
): Promise<void> {
  const { stream, event, turnCommands } = context;
  const { messageId, content } = steer;
  const turnId = crypto.randomUUID();
  const command: RunnerCommand = { type: 'turn', commandId: turnId, turnId, messageId, content };
  const record: CommandRecord = {
    // Derived from the message, so that it is queued once however often this is tried.
    commandId: `queued_${messageId}`,
    principal: 'engine',
    lane: 'turns',
    state: 'queued',
    bodyHash: '',
    command,
    result: {},
  };
  try {
    const queued = event('turn:queued', { turnId, messageId, content, delivery: 'queue' }, { turnId });
    await stream.append({ events: [queued], newCommands: [record] });
    turnCommands.set(turnId, record);
  } catch (error) {
    if (!AgentServerError.isInstance(error) || error.code !== 'duplicate_command') throw error;
  }
}
