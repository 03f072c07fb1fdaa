import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claude } from '@hhopkins/agent-converters';
import { type Block, DEFAULT_PROFILE } from '@hhopkins/agent-protocol';
import { describe, expect, onTestFinished } from 'vitest';
import type { AgentTranscript } from '../../driver.ts';
import { createClaudeSession } from '../session.ts';
import type { Scene } from './scene.ts';
import { test } from './test.ts';

const PASSWORD = 'The password is swordfish.';

interface Line {
  type?: string;
  subtype?: string;
  message?: { content?: string | { type: string; name?: string }[] };
}

/** What a line of a transcript adds to the conversation, if it is something a reader would see. */
function kindOf(text: string): string | undefined {
  const { type, message } = JSON.parse(text) as Line;
  if (type !== 'user' && type !== 'assistant') return undefined;
  const [item] = typeof message?.content === 'string' ? [] : (message?.content ?? []);
  return `${type} ${item?.name ?? item?.type ?? 'text'}`;
}

/** A conversation with tools, two at once, and a subagent; its lines, and its subagents. */
async function record(start: () => Promise<Scene>) {
  const scene = await start();
  await scene.say(PASSWORD);
  await scene.say('sim:shell cmd="echo first"');
  await scene.say('sim:parallel');
  await scene.say('sim:subagent cmd="echo inside"');
  const saved = (await scene.driver.exportTranscript()) as AgentTranscript;
  await scene.driver.stop();
  const lines = saved.main.trimEnd().split('\n');
  const upTo = (count: number): AgentTranscript => ({
    ...saved,
    main: `${lines.slice(0, count).join('\n')}\n`,
  });
  return { saved, lines, upTo };
}

/** Calls in a request to the model that the next message does not answer: a real model refuses those. */
function unanswered(request: string): string[] {
  type Item = { type: string; id?: string; tool_use_id?: string };
  const { messages } = JSON.parse(request) as { messages: { content: string | Item[] }[] };
  const itemsOf = (index: number) => {
    const content = messages[index]?.content ?? [];
    return typeof content === 'string' ? [] : content;
  };
  return messages.flatMap((_, index) => {
    const answers = new Set(itemsOf(index + 1).map((item) => item.tool_use_id));
    const calls = itemsOf(index).filter(({ type }) => type === 'tool_use');
    return calls.map(({ id }) => id as string).filter((id) => !answers.has(id));
  });
}

/** What the user had said by then. */
function promptsOf(cut: AgentTranscript): unknown[] {
  const { blocks } = claude.parseClaudeTranscript(cut).conversation;
  return blocks.flatMap((block) => (block.type === 'user_message' ? [block.content] : []));
}

const answersOf = (scene: Scene) =>
  scene.blocks('assistant_text').map((block: Extract<Block, { type: 'assistant_text' }>) => block.content);

async function expectToRemember(scene: Scene, cut: AgentTranscript): Promise<void> {
  expect(await scene.driver.importTranscript(cut)).toEqual({ fidelity: 'native' });
  expect(await scene.say('sim:recall')).toMatchObject({ outcome: 'completed' });
  const told = promptsOf(cut);
  expect(told[0]).toBe(PASSWORD);
  for (const prompt of told) expect(answersOf(scene).at(-1)).toContain(prompt);
  expect(scene.requests.flatMap(unanswered)).toEqual([]);
  const now = await scene.driver.exportTranscript();
  expect(now?.agentSessionId).toBe(cut.agentSessionId);
}

/** The last lines of each kind, so that a cut there has all the others before it. */
const KINDS = [
  'user text',
  'assistant text',
  'assistant Bash',
  'user tool_result',
  'assistant Agent',
] as const;

describe('Claude itself resumes from a transcript that breaks off', () => {
  // [LAW-10-every-line] [LAW-10-fidelity-said]
  test('behind each kind of line, within one, and within a subagent', { timeout: 120_000 }, async ({
    start,
  }) => {
    const { saved, lines, upTo } = await record(start);
    const kinds = lines.map(kindOf);
    const cuts = KINDS.map((kind) => {
      const index = kinds.lastIndexOf(kind);
      expect(index, kind).toBeGreaterThan(0);
      return upTo(index + 1);
    });

    // One of two calls answered; none of them; and a half-written answer.
    const second = kinds.lastIndexOf('assistant Bash');
    expect(kinds[second - 1]).toBe('assistant Bash');
    const results = kinds.indexOf('user tool_result', second);
    const torn = upTo(results);
    cuts.push(upTo(results + 1), { ...torn, main: torn.main + lines[results]?.slice(0, 200) });

    // The subagent broke off with a call of its own open, in the middle of a line.
    const call = kinds.indexOf('assistant Agent');
    const [subagent] = saved.subagents;
    const inside = subagent?.raw.indexOf('"type":"tool_result"') ?? -1;
    expect(inside).toBeGreaterThan(0);
    cuts.push({
      ...upTo(call + 1),
      subagents: [{ id: subagent?.id ?? '', raw: subagent?.raw.slice(0, inside) ?? '' }],
    });

    for (const cut of cuts) {
      const scene = await start();
      await expectToRemember(scene, cut);
      await scene.driver.stop();
    }
  });
});

describe('whatever is left of a transcript', () => {
  // [LAW-10-fidelity-said]
  test('the driver says how much of it the agent has: at every line of it', async ({ start }) => {
    const { saved, lines, upTo } = await record(start);
    const folder = await mkdtemp(join(tmpdir(), 'claude-cuts-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const folders = { workspace: folder, home: folder, state: folder };
    const setup = {
      architecture: 'claude-sdk',
      profile: DEFAULT_PROFILE,
      sessionOptions: {},
      allowedTools: [],
      restore: true,
      environment: {},
      installation: {},
    };
    const fidelityOf = async (cut: AgentTranscript) => {
      const session = createClaudeSession({ setup, folders });
      const { fidelity, reason } = await session.import(cut);
      expect(reason === undefined).toBe(fidelity === 'native');
      const { options } = await session.prepareStart();
      expect('resume' in options).toBe(fidelity === 'native');
      return fidelity;
    };
    const firstMessage = lines.findIndex((line) => kindOf(line) !== undefined);
    for (let count = 0; count <= lines.length; count += 1) {
      const torn = { ...upTo(count), main: upTo(count).main + (lines[count] ?? '').slice(0, -1) };
      const foreign = { ...upTo(count), agentSessionId: 'of-another-program' };
      const isTold = count > firstMessage;
      expect(await fidelityOf(upTo(count)), `up to line ${count}`).toBe(isTold ? 'native' : 'fresh');
      expect(await fidelityOf(torn), `within line ${count + 1}`).toBe(isTold ? 'native' : 'fresh');
      expect(await fidelityOf(foreign), `another's, line ${count}`).toBe(isTold ? 'replayed' : 'fresh');
    }
    expect(await fidelityOf(saved)).toBe('native');
  });
});
