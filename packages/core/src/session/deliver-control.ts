import {
  AgentServerError,
  type PendingEvent,
  type RunnerCommand,
  runnerCommandSchema,
} from '@hhopkins/agent-protocol';
import type { CommandRecord } from '../ports/event-log.ts';
import { isShown, turnOf } from './consequences.ts';
import { isPassing } from './passing-faults.ts';
import { type SessionContext, turnAtRunner } from './session-context.ts';

/** Hands the oldest control command to the runner, or does what it means when no runner can. */
export async function deliverControl(context: SessionContext): Promise<void> {
  const [control] = context.controls;
  if (!control) return;
  const parsed = runnerCommandSchema.safeParse(control.command);
  const outcome = parsed.success ? await deliver(context, parsed.data) : 'refused';
  if (outcome === 'taken' && parsed.data?.type === 'steer') {
    const { messageId } = parsed.data;
    const taken: CommandRecord = { ...control, state: 'taken' };
    remove(context, control);
    // Its turn ended meanwhile: what becomes of it went into the log with that.
    if (isVoid(context, parsed.data)) return;
    context.steers.set(messageId, taken);
    await context.append({ events: [], commands: [taken] });
    return;
  }
  await settle(context, control, parsed.data, outcome);
  remove(context, control);
}

/** `void` when what it is about is over. */
async function deliver(
  context: SessionContext,
  command: RunnerCommand,
): Promise<'taken' | 'void' | 'refused'> {
  if (isVoid(context, command) || !context.link) return 'void';
  try {
    await context.link.command(command);
    return 'taken';
  } catch (error) {
    const refusal = AgentServerError.from(error);
    if (isPassing(refusal)) throw refusal;
    context.parts.logger.log('info', 'the runner refused a command', {
      sessionId: context.sessionId,
      type: command.type,
      code: refusal.code,
      error: refusal.message,
    });
    return 'refused';
  }
}

async function settle(
  context: SessionContext,
  control: CommandRecord,
  command: RunnerCommand | undefined,
  outcome: 'taken' | 'void' | 'refused',
): Promise<void> {
  const { stream, event } = context;
  const { session } = stream.latest();
  const events: PendingEvent[] = [];
  if (outcome !== 'taken' && command?.type === 'steer') await queueInstead(context, command);
  if (outcome !== 'taken' && command?.type === 'interrupt') {
    const { turnId } = command;
    // The runner that had its turn is gone, and the turn waits again: it is not given a second time.
    const waits = session.queue.some((turn) => turn.turnId === turnId);
    if (waits) events.push(event('turn:interrupted', { turnId }, { turnId }));
  }
  await context.append({ events, commands: [{ ...control, state: 'ended' }] });
}

/** A message is never lost: one that came too late for its turn, or to an agent that takes none, waits for the next. */
async function queueInstead(
  context: SessionContext,
  steer: Extract<RunnerCommand, { type: 'steer' }>,
): Promise<void> {
  if (isShown(context.stream.latest(), steer.messageId)) return;
  const turn = turnOf(steer, context.event);
  try {
    await context.append({ events: [turn.event], newCommands: [turn.command] });
  } catch (error) {
    // An earlier try that seemed to fail was stored after all.
    if (AgentServerError.from(error).code !== 'duplicate_command') throw error;
  }
}

function remove(context: SessionContext, control: CommandRecord): void {
  context.controls = context.controls.filter((each) => each !== control);
}

function isVoid(context: SessionContext, command: RunnerCommand): boolean {
  const { session } = context.stream.latest();
  if (command.type === 'interrupt' || command.type === 'steer') {
    return session.activeTurn?.turnId !== command.turnId && turnAtRunner(context) !== command.turnId;
  }
  return session.activeTurn === null;
}
