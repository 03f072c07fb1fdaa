import { join } from 'node:path';
import { createDeferred, type Deferred } from '../../deferred.ts';
import type {
  AgentDriver,
  DriverContext,
  DriverFactory,
  PermissionAnswer,
  Prompt,
  TurnEnd,
} from '../driver.ts';
import { createBackground } from './background.ts';
import { type Asks, perform } from './performance.ts';
import { closeDangling, reconcileScripted } from './reconcile.ts';
import { createTranscriptStore } from './transcript.ts';

/**
 * A test double: an agent without a model that does what the lines of the message say, fast and the same each time.
 * For tests of volume and of faults.
 */
export const scriptedDriver: DriverFactory = {
  architecture: 'scripted',
  create: createScriptedAgent,
};

function createScriptedAgent(context: DriverContext): AgentDriver {
  const folder = join(context.folders.home, '.scripted');
  const transcript = createTranscriptStore(folder, `scripted-${Date.now().toString(36)}`);
  const permissions = new Map<string, Deferred<PermissionAnswer>>();
  const questions = new Map<string, Deferred<Readonly<Record<string, string>>>>();
  let running: AbortController | undefined;

  const asks: Asks = {
    permission: (requestId, signal) => answerTo(permissions, requestId, signal),
    question: (requestId, signal) => answerTo(questions, requestId, signal),
  };

  const play = (prompt: Prompt, alone: boolean): Promise<TurnEnd> => {
    running = new AbortController();
    const { start } = background;
    return perform(prompt, { context, transcript, asks, background: start, alone, signal: running.signal });
  };
  const background = createBackground(context.beginTurn, (turnId, script) =>
    play({ turnId, messageId: turnId, content: script }, true),
  );

  return {
    async start() {},
    backgroundTasks: background.count,
    async importTranscript(saved) {
      await transcript.restore(closeDangling(saved));
      return { fidelity: 'native' };
    },
    exportTranscript: () => transcript.read(),
    prompt: (prompt) => play(prompt, false),
    async interrupt() {
      running?.abort(new Error('interrupted'));
    },
    async answerPermission(requestId, answer) {
      permissions.get(requestId)?.resolve(answer);
    },
    async answerQuestion(requestId, answers) {
      questions.get(requestId)?.resolve(answers);
    },
    async knowsMessage(messageId) {
      const lines = await transcript.lines();
      return lines.some((line) => line.type === 'user' && line.messageId === messageId);
    },
    reconcile: reconcileScripted,
    async stop() {
      background.stop();
      running?.abort(new Error('stopped'));
    },
  };
}

async function answerTo<Answer>(
  open: Map<string, Deferred<Answer>>,
  requestId: string,
  signal: AbortSignal,
): Promise<Answer> {
  const deferred = createDeferred<Answer>();
  open.set(requestId, deferred);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  try {
    return await Promise.race([deferred.promise, aborted]);
  } finally {
    open.delete(requestId);
  }
}
