import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Options, query, type SDKMessage, type SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';
import { onTestFinished, vi } from 'vitest';

const TURN_DEADLINE_MS = 20_000;

export interface Claude {
  workspace: string;
  /** Everything the agent has said so far. */
  messages: SDKMessage[];
  send(text: string): void;
  interrupt(): Promise<void>;
  /** Waits until the agent has ended so many turns. */
  turnsEnded(count: number): Promise<void>;
  /** Waits for the first message that the function has something for, and returns that. */
  find<T>(select: (message: SDKMessage) => T | undefined): Promise<T>;
  stop(): Promise<void>;
}

/** Where an agent lives: two agents in one home share their past. */
export async function makeHome(): Promise<{ home: string; workspace: string }> {
  const home = await mkdtemp(join(tmpdir(), 'claude-home-'));
  const workspace = await mkdtemp(join(tmpdir(), 'claude-workspace-'));
  onTestFinished(async () => {
    for (const folder of [home, workspace]) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return { home, workspace };
}

/** Starts the real agent against a simulator. It is stopped when the test ends. */
export async function startClaude(
  simulatorUrl: string,
  place?: { home: string; workspace: string },
  options: Options = {},
): Promise<Claude> {
  const { home, workspace } = place ?? (await makeHome());
  const inbox = createInbox();
  const abortController = new AbortController();
  const running = query({
    prompt: inbox.messages(),
    options: {
      cwd: workspace,
      abortController,
      includePartialMessages: true,
      forwardSubagentText: true,
      permissionMode: 'bypassPermissions',
      allowDangerouslySkipPermissions: true,
      settingSources: [],
      model: 'claude-sonnet-4-5',
      thinking: { type: 'enabled', budgetTokens: 2000 },
      env: {
        PATH: process.env.PATH,
        HOME: home,
        CLAUDE_CONFIG_DIR: join(home, '.claude'),
        ANTHROPIC_BASE_URL: simulatorUrl,
        ANTHROPIC_API_KEY: 'simulated',
        IS_SANDBOX: '1',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
        DISABLE_TELEMETRY: '1',
        DISABLE_ERROR_REPORTING: '1',
      },
      ...options,
    },
  });

  const messages: SDKMessage[] = [];
  const ended = (async () => {
    for await (const message of running) messages.push(message);
  })().catch(() => {
    // The SDK throws after a failed turn and when aborted; the messages before that say what happened.
  });
  async function stop(): Promise<void> {
    inbox.end();
    abortController.abort();
    await ended;
  }
  onTestFinished(stop);

  const waiting = { timeout: TURN_DEADLINE_MS, interval: 20 };
  return {
    workspace,
    messages,
    stop,
    send: inbox.send,
    interrupt: async () => void (await running.interrupt()),
    async turnsEnded(count) {
      await vi.waitFor(() => {
        const results = messages.filter(({ type }) => type === 'result').length;
        if (results < count)
          throw new Error(`Only ${results} turns ended: ${JSON.stringify(messages.at(-1))}`);
      }, waiting);
    },
    find: (select) =>
      vi.waitFor(() => {
        for (const message of messages) {
          const found = select(message);
          if (found !== undefined) return found;
        }
        throw new Error('The agent has not said that.');
      }, waiting),
  };
}

function createInbox() {
  const waiting: string[] = [];
  let wake = (): void => {};
  let ended = false;
  return {
    send(text: string): void {
      waiting.push(text);
      wake();
    },
    end(): void {
      ended = true;
      wake();
    },
    async *messages(): AsyncGenerator<SDKUserMessage> {
      while (!ended) {
        const content = waiting.shift();
        if (content === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        yield { type: 'user', message: { role: 'user', content }, parent_tool_use_id: null };
      }
    },
  };
}

/** The content blocks of the agent's own words, or with `subagent`, of its subagents'. */
export function blocksOf(messages: SDKMessage[], { subagent = false } = {}) {
  return messages.flatMap((message) =>
    message.type === 'assistant' && (message.parent_tool_use_id !== null) === subagent
      ? message.message.content
      : [],
  );
}

/** The texts that the agent said. */
export function textsOf(messages: SDKMessage[]): string[] {
  return blocksOf(messages).flatMap((block) => (block.type === 'text' ? [block.text] : []));
}

/** What the tools gave back, as text, in order. */
export function toolResultsOf(messages: SDKMessage[]) {
  return messages.flatMap((message) => {
    if (message.type !== 'user' || typeof message.message.content === 'string') return [];
    return message.message.content.flatMap((block) =>
      block.type === 'tool_result'
        ? [
            {
              output: typeof block.content === 'string' ? block.content : JSON.stringify(block.content),
              isError: block.is_error ?? false,
              subagent: message.parent_tool_use_id !== null,
            },
          ]
        : [],
    );
  });
}
