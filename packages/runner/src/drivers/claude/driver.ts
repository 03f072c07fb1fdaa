import { mkdir, realpath } from 'node:fs/promises';
import { claude } from '@hhopkins/agent-converters';
import { AgentServerError } from '@hhopkins/agent-protocol';
import type { AgentDriver, DriverContext, TurnEnd } from '../driver.ts';
import { type Asks, createAsks } from './asks.ts';
import { createDeferred, type Deferred } from './deferred.ts';
import { claudeEnvironment, configFolder, processMark, temporaryFolder } from './environment.ts';
import { interruptUntil } from './interruption.ts';
import { permissionModeOf, queryOptions } from './options.ts';
import { writeProfile } from './profile.ts';
import { type ClaudeQuery, startQuery } from './query.ts';
import { reconcileTurn } from './reconcile.ts';
import { claudeInstallation, loadClaudeSdk } from './sdk.ts';
import { createClaudeSession } from './session.ts';
import { readSessionOptions } from './session-options.ts';
import { toTurnEnd } from './turn-end.ts';
import { backgroundMessage, messageUuid, userMessage } from './user-message.ts';

interface Turn {
  turnId: string;
  end: Deferred<TurnEnd>;
  interrupted: boolean;
}

export function createClaudeDriver(context: DriverContext): AgentDriver {
  const { setup, folders } = context;
  const session = createClaudeSession(context);
  const converter = claude.createClaudeLiveConverter();
  let asks: Asks | undefined;
  let query: ClaudeQuery | undefined;
  let starting: Promise<void> | undefined;
  let turn: Turn | undefined;

  async function startClaude(): Promise<void> {
    const { sdk: sdkPath, executable } = claudeInstallation(setup.installation);
    const sdk = await loadClaudeSdk(sdkPath);
    const chosen = readSessionOptions(context);
    const { options, replay } = await session.prepareStart();
    const cwd = await realpath(folders.workspace);
    asks ??= createAsks({
      mode: permissionModeOf(setup, chosen),
      allowedTools: setup.allowedTools,
      emit: (event) => context.emit({ ...event, turnId: turn?.turnId }),
    });
    query = startQuery({
      sdk,
      processMark: processMark(folders.state),
      options: {
        ...queryOptions(setup, chosen, asks.canUseTool),
        ...options,
        cwd,
        env: claudeEnvironment(context),
        pathToClaudeCodeExecutable: executable,
      },
      onProcess: context.registerProcess,
      onMessage: (message) => take(converter.convert(message)),
      onEnd(reason) {
        query = undefined;
        asks?.drop();
        take(converter.streamEnded(reason));
      },
    });
    if (replay !== undefined) query.send(backgroundMessage(replay));
  }

  /** Claude works although nobody asked it to: a background command has ended, for one. */
  function beginAlone(): void {
    if (turn || !converter.working) return;
    const end = createDeferred<TurnEnd>();
    const turnId = context.beginTurn(end.promise);
    if (turnId === undefined) return;
    turn = { turnId, end, interrupted: false };
    converter.startTurn({ turnId });
  }

  function take({ events, turnEnd }: claude.Converted): void {
    beginAlone();
    for (const event of events) context.emit(event);
    if (turnEnd) endTurn(toTurnEnd(turnEnd));
  }

  function endTurn(end: TurnEnd): void {
    const ended = turn;
    if (!ended) return;
    turn = undefined;
    asks?.drop();
    const brokeOff = end.outcome === 'failed' && end.code === 'agent_lost';
    ended.end.resolve(ended.interrupted && brokeOff ? { outcome: 'interrupted' } : end);
  }

  return {
    async start() {
      const { sdk } = claudeInstallation(setup.installation);
      readSessionOptions(context);
      await mkdir(temporaryFolder(folders.state), { recursive: true, mode: 0o700 });
      await mkdir(configFolder(folders.home), { recursive: true, mode: 0o700 });
      await writeProfile(setup.profile, {
        configFolder: configFolder(folders.home),
        stateFolder: folders.state,
      });
      await loadClaudeSdk(sdk);
    },

    backgroundTasks: () => converter.backgroundTasks.length,
    importTranscript: session.import,
    exportTranscript: session.export,
    knowsMessage: session.hasMessage,
    reconcile: reconcileTurn,

    async prompt(prompt) {
      if (turn) throw new AgentServerError('internal', `Turn ${turn.turnId} has not ended yet`);
      const { turnId, messageId } = prompt;
      const begun: Turn = { turnId, end: createDeferred(), interrupted: false };
      turn = begun;
      // One that died while it rested is replaced: it never heard of this message.
      if (query) await query.settled();
      let problem = 'The agent ended while it was being started';
      if (!query) {
        starting = startClaude().catch((error: Error) => {
          problem = error.message;
        });
        await starting;
        starting = undefined;
      }
      if (begun.interrupted) {
        endTurn({ outcome: 'interrupted' });
      } else if (!query) {
        endTurn({ outcome: 'failed', code: 'agent_error', message: problem, retryable: false });
      } else {
        converter.startTurn({ turnId, messageId: messageUuid(messageId) });
        query.send(userMessage(prompt));
      }
      return begun.end.promise;
    },

    async steer(prompt) {
      if (!turn || !query) throw new AgentServerError('not_running', 'There is no turn to steer');
      converter.steer({ messageId: messageUuid(prompt.messageId), content: prompt.content });
      query.send(userMessage(prompt));
    },

    async interrupt() {
      if (!turn || turn.interrupted) return;
      turn.interrupted = true;
      if (query) void interruptUntil(turn.end.promise, query);
    },

    async answerPermission(requestId, answer) {
      asks?.answerPermission(requestId, answer);
    },

    async answerQuestion(requestId, answers) {
      asks?.answerQuestion(requestId, answers);
    },

    async stop() {
      asks?.drop();
      // A program that is just being started is waited for, or nobody would end it.
      await starting;
      await query?.stop();
    },
  };
}
