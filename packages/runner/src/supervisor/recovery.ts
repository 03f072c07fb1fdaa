import { AgentServerError, ERROR_CODES } from '@hhopkins/agent-protocol';
import { withDeadline } from '../deadline.ts';
import type { AgentDriver, LostTurn } from '../drivers/driver.ts';
import type { Inbox, OpenCommand } from '../inbox/inbox.ts';
import type { Journal } from '../journal/journal.ts';
import type { ProcessRegistry } from '../processes/registry.ts';
import { DEADLINES } from '../settings.ts';
import type { AgentHost } from './agent-host.ts';
import { closeTurn, type TurnEnding } from './closings.ts';
import type { Recorder } from './recorder.ts';
import type { TurnCommand } from './turn-run.ts';
import { userMessage } from './user-message.ts';

export interface RecoveryParts {
  inbox: Inbox;
  journal: Journal;
  recorder: Recorder;
  host: AgentHost;
  processes: ProcessRegistry;
  /** Whether an earlier runner was set up. */
  configured: boolean;
  log(level: 'warn' | 'error', message: string): void;
}

const LOST: TurnEnding = {
  outcome: 'failed',
  code: 'runner_lost',
  message: ERROR_CODES.runner_lost[1],
  retryable: true,
};

/**
 * Clears up after the runner before this one: ends what is left of its agent, and gives every command that was open an
 * outcome.
 *
 * @returns a turn that was taken but never reached the agent, to be run now
 */
export async function recover(parts: RecoveryParts): Promise<TurnCommand | null> {
  const { inbox, journal, processes } = parts;
  await processes.endAll();
  const lost = journal.state.turn;
  if (lost) await closeLostTurn(lost, parts);

  let resumable: TurnCommand | null = null;
  for (const open of inbox.open()) {
    const again = await settle(open, parts);
    if (again && !resumable) resumable = again;
    else await inbox.ended(open.command.commandId);
  }
  await journal.flush();
  return resumable;
}

async function closeLostTurn(turn: { turnId: string; messageId: string }, parts: RecoveryParts) {
  const { journal, recorder } = parts;
  const { turnId, messageId } = turn;
  const lost: LostTurn = { turnId, messageId, pending: [...journal.state.blocks.values()] };
  try {
    const driver = await agentOf(parts);
    const transcript = await withDeadline(
      Promise.resolve(driver?.exportTranscript() ?? null),
      DEADLINES.transcript,
      'export of the transcript',
    );
    if (driver && transcript) {
      for (const event of driver.reconcile?.(transcript, lost) ?? []) recorder.write({ turnId, ...event });
    }
  } catch (error) {
    parts.log(
      'warn',
      `the lost turn was not compared with the transcript: ${AgentServerError.from(error).message}`,
    );
  }
  closeTurn(journal, recorder, turnId, LOST);
  await journal.flush();
}

/** Gives the command an outcome, or gives it back when it is to be run. */
async function settle(open: OpenCommand, parts: RecoveryParts): Promise<TurnCommand | null> {
  const { command } = open;
  if (command.type !== 'turn') return null;
  const { journal, recorder } = parts;
  if (journal.state.endedTurns.includes(command.turnId)) return null;
  // Not in the journal means that the agent was never asked; its transcript has the last word.
  const driver = await agentOf(parts).catch(() => undefined);
  const known = await withDeadline(
    Promise.resolve(driver?.knowsMessage(command.messageId) ?? false),
    DEADLINES.transcript,
    'search of the transcript',
  ).catch(() => true);
  if (!known) return command;
  const { turnId, messageId, content } = command;
  const payload = { turnId, messageId };
  recorder.writeFromReserve({ type: 'turn:started', conversationId: 'main', turnId, payload });
  recorder.write(userMessage({ turnId, messageId, content }));
  closeTurn(journal, recorder, turnId, LOST);
  return null;
}

const agentOf = (parts: RecoveryParts): Promise<AgentDriver | undefined> =>
  parts.configured ? parts.host.ready() : Promise.resolve(undefined);
