import { mkdir } from 'node:fs/promises';
import { claude } from '@hhopkins/agent-converters';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { createDeferred, type Deferred } from '../../deferred.ts';
import type { AgentDriver, DriverContext, Prompt, TurnEnd } from '../driver.ts';
import { createAsks } from './asks.ts';
import { configFolder, temporaryFolder } from './environment.ts';
import { interruptUntil } from './interruption.ts';
import { permissionModeOf } from './options.ts';
import { writeProfile } from './profile.ts';
import { createClaudeProgram } from './program.ts';
import type { ClaudeQuery } from './query.ts';
import { reconcileTurn } from './reconcile.ts';
import { claudeInstallation, loadClaudeSdk } from './sdk.ts';
import { createClaudeSession } from './session.ts';
import { type ClaudeSessionOptions, readSessionOptions } from './session-options.ts';
import { toTurnEnd } from './turn-end.ts';
import { messageUuid, userMessage } from './user-message.ts';

interface Steering {
  message: Prompt;
  /** Resolves to false when the turn ended before. */
  given: Deferred<boolean>;
}

interface Turn {
  readonly turnId: string;
  readonly end: Deferred<TurnEnd>;
  /** Absent when the agent began by itself. */
  readonly prompt?: Prompt;
  /** What the user said after that, in order. */
  readonly steered: Steering[];
  /** Who was given all of it; nobody while Claude is being started. */
  givenTo?: ClaudeQuery | undefined;
  givenAgain?: boolean;
  interrupted: boolean;
}

const NO_TURN = 'There is no turn to steer';

export function createClaudeDriver(context: DriverContext): AgentDriver {
  const { setup, folders } = context;
  const session = createClaudeSession(context);
  const converter = claude.createClaudeLiveConverter();
  let turn: Turn | undefined;
  let stopping = false;

  let chosen: ClaudeSessionOptions | undefined;
  const sessionOptions = () => {
    chosen ??= readSessionOptions(context);
    return chosen;
  };

  const asks = createAsks({
    mode: () => permissionModeOf(setup, sessionOptions()),
    allowedTools: setup.allowedTools,
    emit: (event) => context.emit({ ...event, turnId: turn?.turnId }),
  });

  const program = createClaudeProgram({
    context,
    session,
    sessionOptions,
    canUseTool: asks.canUseTool,
    onMessage: (message) => take(converter.convert(message)),
    onEnd(reason) {
      asks.drop();
      take(converter.streamEnded(reason));
    },
  });

  function take({ events, turnEnd }: claude.Converted): void {
    beginAlone();
    for (const event of events) context.emit(event);
    if (!turnEnd) return;
    const end = toTurnEnd(turnEnd);
    const unheard = turnEnd.outcome === 'failed' && turnEnd.unheard;
    if (unheard && turn?.prompt && !turn.givenAgain) void giveAgain(turn, turn.prompt, end);
    else endTurn(end);
  }

  /** Claude works although nobody asked it to: a background command has ended, for one. */
  function beginAlone(): void {
    if (turn || !converter.working) return;
    const end = createDeferred<TurnEnd>();
    const turnId = context.beginTurn(end.promise);
    if (turnId === undefined) return;
    turn = { turnId, end, steered: [], givenTo: program.current(), interrupted: false };
    converter.startTurn({ turnId });
  }

  /**
   * Gives Claude what the user says in the turn; a turn in which that cannot be ends.
   *
   * @param lost how it ends then, if it was given to another Claude before
   */
  async function give(to: Turn, prompt: Prompt, lost?: TurnEnd): Promise<void> {
    let problem = 'The agent ended while it was being started';
    await program.ready().catch((error: Error) => {
      problem = error.message;
    });
    const query = program.current();
    if (to.interrupted || stopping) return endTurn({ outcome: 'interrupted' });
    if (!query)
      return endTurn(lost ?? { outcome: 'failed', code: 'agent_error', message: problem, retryable: false });
    converter.startTurn({ turnId: to.turnId, messageId: messageUuid(prompt.messageId) });
    query.send(userMessage(prompt));
    for (const steering of to.steered) giveSteered(query, steering);
    to.givenTo = query;
  }

  function giveSteered(query: ClaudeQuery, { message, given }: Steering): void {
    converter.steer({ messageId: messageUuid(message.messageId), content: message.content });
    query.send(userMessage(message));
    given.resolve(true);
  }

  /**
   * Claude ended before it took the prompt up: it was killed while it rested, for one. Another is given the prompt, once,
   * unless the transcript shows that it was heard.
   */
  async function giveAgain(to: Turn, prompt: Prompt, end: TurnEnd): Promise<void> {
    to.givenTo = undefined;
    to.givenAgain = true;
    const heard = await session.hasMessage(prompt.messageId).catch(() => true);
    if (heard || to.interrupted || stopping) return endTurn(end);
    context.log('warn', `Claude ended before it took message ${prompt.messageId} up; another is given it`);
    await give(to, prompt, end);
  }

  function endTurn(end: TurnEnd): void {
    const ended = turn;
    if (!ended) return;
    turn = undefined;
    asks.drop();
    for (const { given } of ended.steered) given.resolve(false);
    const brokeOff = end.outcome === 'failed' && end.code === 'agent_lost';
    ended.end.resolve(ended.interrupted && brokeOff ? { outcome: 'interrupted' } : end);
  }

  return {
    async start() {
      const { sdk } = claudeInstallation(setup.installation);
      sessionOptions();
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
      const begun: Turn = {
        turnId: prompt.turnId,
        end: createDeferred(),
        prompt,
        steered: [],
        interrupted: false,
      };
      turn = begun;
      await give(begun, prompt);
      return begun.end.promise;
    },

    async steer(message) {
      if (!turn) throw new AgentServerError('not_running', NO_TURN);
      const steering: Steering = { message, given: createDeferred() };
      turn.steered.push(steering);
      // While Claude is being started, it waits to follow the prompt.
      if (turn.givenTo) giveSteered(turn.givenTo, steering);
      if (!(await steering.given.promise)) throw new AgentServerError('not_running', NO_TURN);
    },

    async interrupt() {
      if (!turn || turn.interrupted) return;
      turn.interrupted = true;
      const query = program.current();
      if (query) void interruptUntil(turn.end.promise, query);
    },

    async answerPermission(requestId, answer) {
      asks.answerPermission(requestId, answer);
    },

    async answerQuestion(requestId, answers) {
      asks.answerQuestion(requestId, answers);
    },

    async stop() {
      stopping = true;
      asks.drop();
      await program.stop();
    },
  };
}
