import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { type Options, query, type SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';
import type { MessageContent } from '@hhopkins/agent-protocol';
import { toClaudeContent } from '../../src/claude/user-content.ts';

export type Said = { type?: string; subtype?: string; [key: string]: unknown };

/** A running Claude, and what is recorded of it. */
export interface RecordedAgent {
  readonly said: readonly Said[];
  /** Starts a turn. Resolves with the message's id at once. */
  send(content: MessageContent, messageId?: string): string;
  /** A message into the running turn. */
  steer(content: MessageContent): string;
  /** Settles with the first message, from now on, of which `test` holds. */
  until(test: (message: Said) => boolean): Promise<Said>;
  /** Settles when the agent rests the next time. */
  rest(): Promise<unknown>;
  interrupt(): Promise<void>;
  /** Ends the input, and settles when the agent has ended. */
  close(): Promise<void>;
  /** kill -9 of the agent and whatever it started. */
  kill(): Promise<void>;
}

const PATIENCE_MS = 60_000;

/** Starts the real agent; everything said, and the driver's own acts between, goes to `record` in order. */
export function startAgent(options: Options, record: (line: object) => void): RecordedAgent {
  const said: Said[] = [];
  const waiting = new Set<(message: Said) => void>();
  const input = createQueue<SDKUserMessage>();
  let child: ChildProcess | undefined;

  const messages = query({
    prompt: input,
    options: {
      ...options,
      spawnClaudeCodeProcess: ({ command, args, cwd, env }) => {
        const spawned = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'ignore'], detached: true });
        child = spawned;
        return spawned;
      },
    },
  });

  const ended = (async () => {
    let reason: string | undefined;
    try {
      for await (const message of messages) {
        said.push(message as Said);
        record(message);
        for (const notice of [...waiting]) notice(message as Said);
      }
    } catch (error) {
      reason = (error as Error).message;
    }
    record({ driver: 'streamEnded', reason });
  })();

  function push(driver: 'startTurn' | 'steer', content: MessageContent, messageId: string): string {
    record({ driver, turnId: `turn-${messageId}`, messageId, content });
    input.push({
      type: 'user',
      uuid: messageId as `${string}-${string}-${string}-${string}-${string}`,
      message: { role: 'user', content: toClaudeContent(content) as SDKUserMessage['message']['content'] },
      parent_tool_use_id: null,
    });
    return messageId;
  }

  const agent: RecordedAgent = {
    said,
    send: (content, messageId = randomUUID()) => push('startTurn', content, messageId),
    steer: (content) => push('steer', content, randomUUID()),
    until: (test) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(notice);
          reject(new Error(`The agent did not say what was awaited: ${test}`));
        }, PATIENCE_MS);
        function notice(message: Said): void {
          if (!test(message)) return;
          clearTimeout(timer);
          waiting.delete(notice);
          resolve(message);
        }
        waiting.add(notice);
      }),
    rest: () =>
      agent.until((message) => message.subtype === 'session_state_changed' && message.state === 'idle'),
    interrupt: async () => void (await messages.interrupt()),
    async close() {
      input.end();
      await ended;
    },
    async kill() {
      if (child?.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await ended;
      input.end();
    },
  };
  return agent;
}

interface Queue<Item> extends AsyncIterable<Item> {
  push(item: Item): void;
  end(): void;
}

function createQueue<Item>(): Queue<Item> {
  const items: Item[] = [];
  let ended = false;
  let wake = (): void => {};
  return {
    push(item) {
      items.push(item);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        for (let item = items.shift(); item !== undefined; item = items.shift()) yield item;
        if (ended) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
