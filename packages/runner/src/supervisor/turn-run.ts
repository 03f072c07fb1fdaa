import { AgentServerError, ERROR_CODES, type RunnerCommand } from '@hhopkins/agent-protocol';
import { withDeadline } from '../deadline.ts';
import { createDeferred } from '../deferred.ts';
import type { AgentDriver, TurnEnd } from '../drivers/driver.ts';
import type { Inbox } from '../inbox/inbox.ts';
import type { Journal } from '../journal/journal.ts';
import { DEADLINES } from '../settings.ts';
import type { AgentHost } from './agent-host.ts';
import { closeTurn, type TurnEnding } from './closings.ts';
import type { Recorder } from './recorder.ts';
import { userMessage } from './user-message.ts';

export type TurnCommand = Extract<RunnerCommand, { type: 'turn' }>;

/** A turn on its way from its start to its end event. */
export interface TurnRun {
  readonly turnId: string;
  /** Whether what the driver says still counts. */
  readonly muted: boolean;
  /** Ends it as interrupted, by the agent itself or, when that takes too long, by ending the agent. */
  interrupt(): void;
  /** Ends it as failed: the agent is interrupted, and nothing that it still says counts. */
  fail(ending: Extract<TurnEnding, { outcome: 'failed' }>): void;
  /** Writes the end at once when the agent rests, rather than after a look at the workspace. False when it still works. */
  conclude(): boolean;
  /**
   * The runner ends before the turn: it is left as a runner that is killed leaves it. The next one tells its end, or who
   * finds the sandbox gone.
   */
  abandon(): void;
  /** Resolves when the end is durable in journal and inbox, or the turn was abandoned. */
  readonly done: Promise<void>;
}

export interface TurnParts {
  inbox: Inbox;
  journal: Journal;
  recorder: Recorder;
  host: AgentHost;
  scan(): Promise<unknown>;
  interruptMs: number;
  log(level: 'warn' | 'error', message: string): void;
  /** Is called as the end event is written: from now on another turn may come. */
  onEnd(): void;
}

export const JOURNAL_FULL: Extract<TurnEnding, { outcome: 'failed' }> = {
  outcome: 'failed',
  code: 'journal_full',
  message: `${ERROR_CODES.journal_full[1]}: the agent wrote more than the server could take over`,
  retryable: true,
};

/** Keeps a turn that is abandoned from being given to the agent. */
const NEVER_WRITTEN: TurnEnding = { outcome: 'interrupted' };

/** A turn by a message of the user. */
export function startTurn(command: TurnCommand, parts: TurnParts): TurnRun {
  const { inbox, journal, recorder, host } = parts;
  const { turnId, messageId, content, commandId } = command;

  /** Both records are durable before the agent hears of the message: without both, it never did. */
  const begin = async () => {
    const payload = { turnId, messageId };
    recorder.writeFromReserve({ type: 'turn:started', conversationId: 'main', turnId, payload });
    recorder.record(userMessage({ turnId, messageId, content }));
    await Promise.all([inbox.started(commandId), journal.flush()]);
  };

  const drive = async (hold: Hold): Promise<TurnEnding> => {
    await begin();
    const driver = await host.ready();
    return hold(driver) ?? driver.prompt({ turnId, messageId, content });
  };
  return carry(turnId, drive, () => inbox.ended(commandId), parts);
}

/** A turn that the agent began by itself. */
export function startAgentTurn(
  { turnId, driver, ended }: { turnId: string; driver: AgentDriver; ended: Promise<TurnEnd> },
  parts: TurnParts,
): TurnRun {
  const payload = { turnId, messageId: turnId, origin: 'agent' as const };
  parts.recorder.writeFromReserve({ type: 'turn:started', conversationId: 'main', turnId, payload });
  const drive = async (hold: Hold): Promise<TurnEnding> => hold(driver) ?? ended;
  return carry(turnId, drive, async () => {}, parts);
}

/** Tells who runs the turn from now on, and can be interrupted; returns how it is to end when that is wanted already. */
type Hold = (driver: AgentDriver) => TurnEnding | undefined;

/** @param settle when the end is durable in the journal */
function carry(
  turnId: string,
  drive: (hold: Hold) => Promise<TurnEnding>,
  settle: () => Promise<void>,
  parts: TurnParts,
): TurnRun {
  const { journal, recorder, host } = parts;
  const forced = createDeferred<TurnEnding>();
  let prompted: AgentDriver | undefined;
  let wanted: TurnEnding | undefined;
  let muted = false;
  /** The agent rests, or never began. */
  let rested = false;
  /** Known once the agent rests. */
  let outcome: TurnEnding | undefined;
  let concluded = false;
  let abandoned = false;

  /** Asks the agent to end, then makes it. */
  const bringToEnd = async (ending: TurnEnding) => {
    if (wanted || rested) return;
    wanted = ending;
    const driver = prompted;
    const ask = async () => {
      if (!driver) return;
      await driver.interrupt();
      await work;
    };
    await withDeadline(ask(), parts.interruptMs, 'interrupt of the agent').catch((error: Error) =>
      parts.log('warn', `${error.message}; the agent is ended`),
    );
    if (rested) return;
    if (driver) await host.discard();
    forced.resolve(ending);
  };

  const hold: Hold = (driver) => {
    if (!wanted) prompted = driver;
    return wanted;
  };

  const work: Promise<TurnEnding> = drive(hold).catch(async (cause: unknown) => {
    const error = AgentServerError.from(cause, 'agent_error');
    await host.discard();
    const message = error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
    return { outcome: 'failed', code: error.code, message, retryable: error.code !== 'unknown_architecture' };
  });

  void work.then(() => {
    rested = true;
  });

  const conclude = (): boolean => {
    if (!outcome) return false;
    if (concluded) return true;
    concluded = true;
    muted = true;
    closeTurn(journal, recorder, turnId, wanted?.outcome === 'failed' ? wanted : outcome);
    parts.onEnd();
    return true;
  };

  const finish = async () => {
    const ending = await Promise.race([work, forced.promise]);
    recorder.settle();
    if (abandoned) return;
    rested = true;
    outcome = ending;
    await withDeadline(parts.scan(), DEADLINES.scan, 'scan of the workspace').catch((error: Error) =>
      parts.log('warn', error.message),
    );
    conclude();
    await journal.flush();
    await settle();
  };

  return {
    turnId,
    get muted() {
      return muted;
    },
    interrupt() {
      void bringToEnd({ outcome: 'interrupted' });
    },
    fail(ending) {
      muted = true;
      void bringToEnd(ending);
    },
    conclude,
    abandon() {
      if (conclude()) return;
      abandoned = true;
      muted = true;
      wanted = NEVER_WRITTEN;
      forced.resolve(NEVER_WRITTEN);
    },
    done: finish(),
  };
}
