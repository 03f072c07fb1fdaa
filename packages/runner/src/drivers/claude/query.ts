import type { Options, SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';
import { withDeadline } from '../../deadline.ts';
import { type AgentProcess, spawnAgent } from './agent-process.ts';
import { createMessageInput } from './message-input.ts';
import type { ClaudeSdk } from './sdk.ts';

/** How long Claude has to write its transcript and go, once it gets no more messages. */
const FAREWELL_MS = 1_000;
/** How long the SDK has to tell what became of a program that was killed. */
const KILLED_MS = 5_000;

/** One `claude` program and the stream of its messages, kept over many turns. */
export interface ClaudeQuery {
  send(message: SDKUserMessage): void;
  /** Resolves when `onEnd` was told, if the program has died: it hears no message any more. At once while it lives. */
  settled(): Promise<void>;
  /** Resolves when Claude has heard it. */
  interrupt(): Promise<void>;
  /** Lets Claude go by itself, and ends it when it does not. Resolves when it and all that it started are gone. */
  stop(): Promise<void>;
  /** Ends it and all that it started at once; `onEnd` follows. */
  kill(): Promise<void>;
}

export interface QueryStart {
  sdk: ClaudeSdk;
  options: Options;
  /** Found in the environment of every process of this agent. */
  processMark: string;
  onProcess(pid: number): void;
  onMessage(message: unknown): void;
  /** Once, when no message will follow; `reason` says why the program ended. */
  onEnd(reason: string): void;
}

export function startQuery(start: QueryStart): ClaudeQuery {
  const input = createMessageInput<SDKUserMessage>();
  let agent: AgentProcess | undefined;
  const query = start.sdk.query({
    prompt: input,
    options: {
      ...start.options,
      spawnClaudeCodeProcess(spawnOptions) {
        agent = spawnAgent(spawnOptions, start.processMark);
        if (agent.child.pid !== undefined) start.onProcess(agent.child.pid);
        return agent.child;
      },
    },
  });

  async function readMessages(): Promise<void> {
    let reason = 'The agent ended unexpectedly';
    try {
      for await (const message of query) start.onMessage(message);
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    // Shells that the program started would go on without it.
    await kill();
    start.onEnd(agent?.complaints ? `${reason}: ${agent.complaints}` : reason);
  }

  const kill = async (): Promise<void> => agent?.kill();
  const ended = readMessages();

  return {
    send: input.push,
    async settled() {
      if (!agent || (await agent.isAlive())) return;
      await withDeadline(ended, KILLED_MS, 'The end of the stream of Claude').catch(() => {});
    },
    async interrupt() {
      await query.interrupt();
    },
    async stop() {
      input.end();
      await withDeadline(agent?.exited ?? Promise.resolve(), FAREWELL_MS, 'The end of Claude').catch(
        () => {},
      );
      await kill();
      await withDeadline(ended, KILLED_MS, 'The end of the stream of Claude').catch(() => {});
    },
    kill,
  };
}
