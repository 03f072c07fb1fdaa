import { spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Block } from '@hhopkins/agent-protocol';
import type { DriverContext, PermissionAnswer, Prompt, TurnEnd } from '../driver.ts';
import { parseScript, type Step } from './script.ts';
import type { TranscriptStore } from './transcript.ts';

export interface Asks {
  permission(requestId: string, signal: AbortSignal): Promise<PermissionAnswer>;
  question(requestId: string, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
}

export interface Stage {
  context: DriverContext;
  transcript: TranscriptStore;
  asks: Asks;
  /** Runs on beside the agent, which then performs `script` by itself. */
  background(milliseconds: number, script: string): void;
  /** No message of the user asked for it. */
  alone: boolean;
  signal: AbortSignal;
}

const MAIN = 'main';
/** Tokens that are said before others get their turn, without a rate. */
const BURST = 200;

/** Ends a performance early, in the way the script says. */
class Curtain extends Error {
  readonly end: TurnEnd;
  constructor(end: TurnEnd) {
    super(end.outcome);
    this.end = end;
  }
}

/** Performs the message's script. Blocks have ids by message and place, the same whenever it is performed. */
export async function perform(prompt: Prompt, stage: Stage): Promise<TurnEnd> {
  const { context, transcript, asks, background, signal } = stage;
  const { turnId, messageId } = prompt;
  let place = 0;
  let tokens = 0;
  const nextId = () => `${messageId}.${++place}`;
  const common = () => ({ timestamp: new Date().toISOString(), turnId });

  const show = (block: Block, conversationId = MAIN) =>
    context.emit({ type: 'block:upsert', conversationId, turnId, payload: { block } });
  const keep = async (block: Block, subagentId?: string) => {
    show(block, subagentId);
    await transcript.append({ type: 'block', block }, subagentId);
  };

  const stream = async (
    type: 'assistant_text' | 'thinking',
    count: number,
    rate: number,
    conversationId?: string,
  ) => {
    const id = nextId();
    const block = { ...common(), id, type, content: '', status: 'pending' } as const;
    let content = '';
    show(block, conversationId);
    try {
      for (let index = 0; index < count; index += 1) {
        if (rate > 0) await wait(1000 / rate, undefined, { signal });
        else if (index % BURST === BURST - 1) await wait(0, undefined, { signal });
        const delta = `${index > 0 ? ' ' : ''}token${index}`;
        content += delta;
        tokens += 1;
        context.emit({
          type: 'block:delta',
          conversationId: conversationId ?? MAIN,
          turnId,
          payload: { blockId: id, delta },
        });
      }
    } catch (error) {
      await keep({ ...block, content, status: 'error' }, conversationId);
      throw error;
    }
    await keep({ ...block, content, status: 'complete' }, conversationId);
  };

  const say = (text: string) =>
    keep({ ...common(), id: nextId(), type: 'assistant_text', content: text, status: 'complete' });

  /** A tool call with its result; what cannot be done is the result's error. */
  const useTool = async (toolName: string, input: Record<string, string>, work: () => Promise<string>) => {
    const toolUseId = nextId();
    const call = { ...common(), id: toolUseId, type: 'tool_use', toolName, toolUseId, input } as const;
    show({ ...call, status: 'pending' });
    let output: string;
    let isError = false;
    try {
      output = await work();
    } catch (error) {
      output = (error as Error).message;
      isError = true;
    }
    await keep({ ...call, status: isError ? 'error' : 'complete' });
    const status = isError ? 'error' : 'complete';
    await keep({ ...common(), id: nextId(), type: 'tool_result', toolUseId, output, isError, status });
    if (signal.aborted) throw signal.reason;
  };

  const absolute = (path: string) => join(context.folders.workspace, path);

  const steps: { [Kind in Step['do']]: (step: Extract<Step, { do: Kind }>) => Promise<void> } = {
    text: (step) => stream('assistant_text', step.tokens, step.rate),
    think: (step) => stream('thinking', step.tokens, 0),
    say: (step) => say(step.text),
    file: ({ path, content }) =>
      useTool('Write', { path, content }, async () => {
        await mkdir(dirname(absolute(path)), { recursive: true });
        await writeFile(absolute(path), content);
        return `wrote ${path}`;
      }),
    delete: ({ path }) =>
      useTool('Delete', { path }, async () => {
        await rm(absolute(path));
        return `deleted ${path}`;
      }),
    ask: ({ tool }) =>
      useTool(tool, {}, async () => {
        const requestId = `${messageId}.ask.${place}`;
        const answer = asks.permission(requestId, signal);
        const payload = { requestId, conversationId: MAIN, toolName: tool, input: {} };
        context.emit({ type: 'permission:requested', conversationId: MAIN, turnId, payload });
        const { decision, message } = await answer;
        if (decision === 'deny') throw new Error(message ?? 'denied by the user');
        return `${tool} ran: ${decision}`;
      }),
    async question({ question }) {
      const requestId = `${messageId}.question.${place}`;
      const answer = asks.question(requestId, signal);
      const payload = { requestId, conversationId: MAIN, questions: [{ question, options: [] }] };
      context.emit({ type: 'question:requested', conversationId: MAIN, turnId, payload });
      await say(`answered: ${(await answer)[question] ?? ''}`);
    },
    sleep: ({ milliseconds }) => wait(milliseconds, undefined, { signal }),
    background: ({ milliseconds, script }) =>
      useTool('Background', { script }, async () => {
        background(milliseconds, script);
        return 'started';
      }),
    // Hears nothing, not even an interrupt, from its pending block on.
    hang: () => useTool('Hang', {}, () => new Promise(() => {})),
    spawn: () => useTool('Spawn', {}, async () => `process ${spawnSleeper(context)}`),
    async subagent({ name, tokens: count }) {
      const subagentId = `${messageId}.agent.${++place}`;
      const block = { ...common(), id: nextId(), type: 'subagent', subagentId, name, input: {} } as const;
      show({ ...block, status: 'pending' });
      context.emit({
        type: 'subagent:spawned',
        conversationId: MAIN,
        turnId,
        payload: { subagentId, name },
      });
      await stream('assistant_text', count, 0, subagentId);
      context.emit({
        type: 'subagent:completed',
        conversationId: MAIN,
        turnId,
        payload: { subagentId, status: 'complete' },
      });
      await keep({ ...block, status: 'complete', output: 'done' });
    },
    output: ({ bytes }) => useTool('Output', {}, async () => 'x'.repeat(bytes)),
    environment: ({ name }) => say(`${name}=${context.setup.environment[name] ?? ''}`),
    async recall() {
      const lines = await transcript.lines();
      const messages = lines.flatMap((line) => (line.type === 'user' ? [textOf(line.content)] : []));
      await say(`I remember: ${messages.slice(0, -1).join(' | ')}`);
    },
    async fail({ message }) {
      throw new Curtain({ outcome: 'failed', code: 'agent_error', message, retryable: false });
    },
    async crash() {
      throw new Curtain({
        outcome: 'failed',
        code: 'agent_lost',
        message: 'The scripted agent crashed',
        retryable: true,
      });
    },
  };

  if (!stage.alone) await transcript.append({ type: 'user', messageId, turnId, content: prompt.content });
  try {
    for (const step of parseScript(textOf(prompt.content))) {
      signal.throwIfAborted();
      await (steps[step.do] as (step: Step) => Promise<void>)(step);
    }
    const usage = { inputTokens: textOf(prompt.content).length, outputTokens: tokens };
    return { outcome: 'completed', usage };
  } catch (error) {
    if (error instanceof Curtain) return error.end;
    if (signal.aborted) return { outcome: 'interrupted' };
    throw error;
  }
}

const textOf = (content: Prompt['content']): string =>
  typeof content === 'string'
    ? content
    : content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');

/** A process that would outlive the runner, as an agent's shell may. */
function spawnSleeper(context: DriverContext): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    detached: true,
    stdio: 'ignore',
    env: { ...context.setup.environment },
  });
  child.unref();
  const pid = child.pid ?? 0;
  context.registerProcess(pid);
  return pid;
}
