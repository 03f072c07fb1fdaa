import { realpath } from 'node:fs/promises';
import type { CanUseTool } from '@anthropic-ai/claude-agent-sdk';
import type { DriverContext } from '../driver.ts';
import { claudeEnvironment, processMark } from './environment.ts';
import { queryOptions } from './options.ts';
import { type ClaudeQuery, startQuery } from './query.ts';
import { claudeInstallation, loadClaudeSdk } from './sdk.ts';
import type { ClaudeSession } from './session.ts';
import type { ClaudeSessionOptions } from './session-options.ts';
import { backgroundMessage } from './user-message.ts';

/** The `claude` program of a session: at most one at a time, started when it is needed, and kept over many turns. */
export interface ClaudeProgram {
  current(): ClaudeQuery | undefined;
  /** Sees to it that the current one can be given a message. Rejects when none can be started. */
  ready(): Promise<void>;
  /** Ends it, for good. */
  stop(): Promise<void>;
}

export interface ClaudeProgramParts {
  context: DriverContext;
  session: ClaudeSession;
  /** @throws AgentServerError `invalid_request` when the session's options are wrong */
  sessionOptions(): ClaudeSessionOptions;
  canUseTool: CanUseTool;
  onMessage(message: unknown): void;
  /** No message of this one will follow; `reason` says why it ended. */
  onEnd(reason: string): void;
}

export function createClaudeProgram(parts: ClaudeProgramParts): ClaudeProgram {
  const { context, session } = parts;
  const { setup, folders } = context;
  let query: ClaudeQuery | undefined;
  let starting: Promise<void> | undefined;
  let stopped = false;

  async function start(): Promise<void> {
    const { sdk: sdkPath, executable } = claudeInstallation(setup.installation);
    const sdk = await loadClaudeSdk(sdkPath);
    const options = queryOptions(setup, parts.sessionOptions(), parts.canUseTool);
    const { options: resumption, replay } = await session.prepareStart();
    const cwd = await realpath(folders.workspace);
    query = startQuery({
      sdk,
      processMark: processMark(folders.state),
      options: {
        ...options,
        ...resumption,
        cwd,
        env: claudeEnvironment(context),
        pathToClaudeCodeExecutable: executable,
      },
      onProcess: context.registerProcess,
      onMessage: parts.onMessage,
      onEnd(reason) {
        query = undefined;
        parts.onEnd(reason);
      },
    });
    if (replay !== undefined) query.send(backgroundMessage(replay));
  }

  return {
    current: () => query,

    async ready() {
      // One that died while it rested is replaced: it would never hear of the message.
      if (query) await query.settled();
      if (query || stopped) return;
      starting = start().finally(() => {
        starting = undefined;
      });
      await starting;
    },

    async stop() {
      stopped = true;
      // A program that is just being started is waited for, or nobody would end it.
      await starting?.catch(() => {});
      await query?.stop();
    },
  };
}
