import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  AGENT_TURN_PREFIX,
  AgentServerError,
  type FileEntry,
  type RunnerCommand,
  type RunnerSetup,
  type TranscriptExport,
} from '@hhopkins/agent-protocol';
import { withDeadline } from '../deadline.ts';
import type { AgentDriver, TurnEnd } from '../drivers/driver.ts';
import { findDriver } from '../drivers/registry.ts';
import type { Inbox } from '../inbox/inbox.ts';
import type { Journal } from '../journal/journal.ts';
import { DEADLINES } from '../settings.ts';
import type { WorkspaceTracker } from '../workspace/tracker.ts';
import type { AgentHost } from './agent-host.ts';
import { runControl } from './control.ts';
import type { Recorder } from './recorder.ts';
import {
  readSavedTranscript,
  removeSavedTranscript,
  type SetupAnswer,
  type StoredSetup,
  saveSetup,
} from './setup-store.ts';
import {
  JOURNAL_FULL,
  startAgentTurn,
  startTurn,
  type TurnCommand,
  type TurnParts,
  type TurnRun,
} from './turn-run.ts';

/** Runs the session's agent, by the engine's commands. */
export interface Supervisor {
  readonly configured: boolean;
  activeTurnId(): string | null;
  /** Whether a turn or a background task is at work. */
  busy(): boolean;
  /** The agent began to work by itself: that becomes a turn, unless another one runs. Returns its id. */
  beginTurn(driver: AgentDriver, ended: Promise<TurnEnd>): string | undefined;
  /** Starts the agent's driver and takes up what was saved. Once done, another setup counts from the next turn on. */
  configure(setup: RunnerSetup): Promise<SetupAnswer>;
  /** Resolves when the command is on disk, or was before. What comes of it is told by events. */
  handle(command: RunnerCommand): Promise<void>;
  /** Runs a command that an earlier runner took. */
  resume(command: TurnCommand): void;
  exportTranscript(): Promise<TranscriptExport>;
  scan(): Promise<FileEntry[]>;
  /** The journal took no more. */
  journalFull(): void;
  /** Whether what the driver says still counts. */
  listening(): boolean;
  /** Ends the agent, and leaves what runs to the next runner. */
  stop(): Promise<void>;
}

export interface SupervisorParts {
  inbox: Inbox;
  journal: Journal;
  recorder: Recorder;
  host: AgentHost;
  tracker: WorkspaceTracker;
  log(level: 'warn' | 'error', message: string): void;
  paths: { setup: string; restore: string };
  interruptMs: number;
  /** What an earlier runner was set up with. */
  stored: StoredSetup | null;
}

export function createSupervisor(parts: SupervisorParts): Supervisor {
  const { inbox, journal, recorder, host, tracker } = parts;
  let stored = parts.stored;
  let active: TurnRun | undefined;
  /** A turn that is being written to the inbox. */
  let accepting: TurnCommand | undefined;
  let configuring: Promise<unknown> = Promise.resolve();
  let stopping = false;
  if (stored) host.use(stored.setup);

  const firstSetup = async (setup: RunnerSetup): Promise<SetupAnswer> => {
    findDriver(setup.architecture);
    host.use(setup);
    const driver = await host.ready();
    const answer = await takeUp(setup, driver);
    await tracker.scan();
    stored = { setup, answer };
    await saveSetup(parts.paths.setup, stored);
    await removeSavedTranscript(parts.paths.restore);
    return answer;
  };

  const takeUp = async (setup: RunnerSetup, driver: Awaited<ReturnType<AgentHost['ready']>>) => {
    if (!setup.restore) return { fidelity: 'fresh' } satisfies SetupAnswer;
    const saved = await readSavedTranscript(parts.paths.restore, setup.agentSessionId);
    if (!saved) return { fidelity: 'fresh', reason: 'no saved transcript was found' } satisfies SetupAnswer;
    try {
      return await withDeadline(
        driver.importTranscript(saved),
        DEADLINES.transcript,
        'import of the transcript',
      );
    } catch (error) {
      return { fidelity: 'fresh', reason: AgentServerError.from(error).message } satisfies SetupAnswer;
    }
  };

  const laterSetup = async (setup: RunnerSetup, before: StoredSetup): Promise<SetupAnswer> => {
    if (setup.architecture !== before.setup.architecture) {
      throw new AgentServerError(
        'invalid_request',
        `this runner drives ${before.setup.architecture}; it cannot become one of ${setup.architecture}`,
      );
    }
    if (!isDeepStrictEqual(setup, before.setup)) {
      // The running turn keeps its agent; the next one gets another.
      stored = { setup, answer: before.answer };
      await saveSetup(parts.paths.setup, stored);
    }
    return before.answer;
  };

  const follow = (start: (turnParts: TurnParts) => TurnRun) => {
    const turn = start({
      inbox,
      journal,
      recorder,
      host,
      scan: () => tracker.scan(),
      interruptMs: parts.interruptMs,
      log: parts.log,
      onEnd() {
        if (active === turn) active = undefined;
      },
    });
    active = turn;
    turn.done.catch((error: Error) => parts.log('error', `turn ${turn.turnId}: ${error.message}`));
  };

  const run = (command: TurnCommand) => {
    if (stored) host.use(stored.setup);
    follow((turnParts) => startTurn(command, turnParts));
  };

  const assertAcceptable = (command: RunnerCommand) => {
    if (stopping) throw new AgentServerError('shutting_down', 'the runner is stopping');
    if (!stored)
      throw new AgentServerError('invalid_request', 'the runner has no setup yet; send `setup` first');
    if (command.type === 'turn') {
      const running = active?.turnId ?? accepting?.turnId;
      if (running) throw new AgentServerError('capacity', `turn ${running} is still running`);
      if (journal.full)
        throw new AgentServerError('journal_full', 'the journal is full; acknowledge events first');
    }
    if (command.type === 'steer') {
      if (active?.turnId !== command.turnId) {
        throw new AgentServerError('not_running', `turn ${command.turnId} is not running`);
      }
      if (!host.current()?.steer) {
        throw new AgentServerError('capability_missing', 'this agent takes no message while a turn runs');
      }
    }
  };

  return {
    get configured() {
      return stored !== null;
    },
    activeTurnId: () => active?.turnId ?? accepting?.turnId ?? null,
    busy: () => Boolean(active ?? accepting) || (host.current()?.backgroundTasks?.() ?? 0) > 0,
    beginTurn(driver, ended) {
      if (stopping || accepting || journal.full) return undefined;
      if (active && !active.conclude()) return undefined;
      const turnId = `${AGENT_TURN_PREFIX}${randomUUID()}`;
      follow((turnParts) => startAgentTurn({ turnId, driver, ended }, turnParts));
      return turnId;
    },
    configure(setup) {
      const done = configuring.then(() => (stored ? laterSetup(setup, stored) : firstSetup(setup)));
      configuring = done.catch(() => {});
      return done;
    },
    async handle(command) {
      if (inbox.knows(command.commandId)) return;
      assertAcceptable(command);
      if (command.type === 'turn') accepting = command;
      try {
        if ((await inbox.take(command)) === 'known') return;
      } finally {
        if (accepting === command) accepting = undefined;
      }
      // It is on disk: the next runner runs a turn, and ends what was about the one that it finds lost.
      if (stopping) return;
      if (command.type === 'turn') run(command);
      else void runControl(command, { inbox, recorder, host, turn: active, log: parts.log });
    },
    resume: run,
    async exportTranscript() {
      recorder.settle();
      await journal.flush();
      const position = journal.head();
      const empty: TranscriptExport = { journal: position, main: '', subagents: [] };
      if (!stored) return empty;
      const driver = await host.ready();
      const transcript = await withDeadline(
        driver.exportTranscript(),
        DEADLINES.transcript,
        'export of the transcript',
      );
      return transcript ? { journal: position, ...transcript } : empty;
    },
    async scan() {
      const entries = await tracker.scan();
      await journal.flush();
      return entries;
    },
    journalFull() {
      active?.fail(JOURNAL_FULL);
    },
    listening: () => !active?.muted,
    async stop() {
      stopping = true;
      active?.abandon();
      await active?.done;
      tracker.close();
      await host.close();
    },
  };
}
