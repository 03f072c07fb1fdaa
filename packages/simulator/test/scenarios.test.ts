import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readScriptFile } from '../src/scenario/script-file.ts';
import { findScenario, scenarios } from '../src/scenarios/catalogue.ts';
import { assistant, callsOf, decide, request, textOf, toolResults, user } from './support/conversation.ts';

describe('every scenario', () => {
  const documented =
    'text thinking shell write shell-and-write parallel subagent slow long-shell fail question error mcp script recall';

  it('is in the catalogue under its documented name', () => {
    expect(scenarios.map(({ name }) => name)).toEqual(documented.split(' '));
  });

  it('has an example that names it', () => {
    for (const { name, example } of scenarios) expect(example).toMatch(new RegExp(`^sim:${name}( |$)`));
  });

  it('is listed when an unknown one is asked for', async () => {
    const answer = await textOf(request([user('sim:nonsense')]));
    expect(answer).toContain('no scenario "nonsense"');
    for (const { name } of scenarios) expect(answer).toContain(name);
  });

  it.each([
    ['sim:slow tokens=many', 'tokens= must be a number from 1 to 100000, not "many"'],
    ['sim:slow rate=0', 'rate= must be a number'],
    ['sim:text rate=', 'rate= must be a number'],
    ['sim:mcp', 'tool= is missing'],
    ['sim:mcp tool=x input=[1]', 'input= must be a JSON object'],
    ['sim:script', 'file= is missing'],
    ['sim:error status=200', 'status= must be a number from 400 to 599'],
  ])('says what is wrong with %s', async (line, problem) => {
    expect(await textOf(request([user(line)]))).toContain(problem);
  });
});

describe('thinking', () => {
  it('comes before the text, and only when the agent asked for it', async () => {
    const kinds = async (thinking: boolean) => {
      const { answer } = await decide(request([user('sim:thinking')], { thinking }));
      return answer.type === 'message' ? answer.parts.map(({ type }) => type) : [];
    };
    expect(await kinds(true)).toEqual(['thinking', 'text']);
    expect(await kinds(false)).toEqual(['text']);
  });
});

describe('recall', () => {
  it('repeats what the user wrote before, in order', async () => {
    const turns = [
      user('My dog is called Rex.'),
      assistant(),
      user('sim:text'),
      assistant(),
      user('sim:recall'),
    ];
    expect(await textOf(request(turns))).toBe(
      'Before this you told me:\n1. My dog is called Rex.\n2. sim:text',
    );
  });

  it('says so when there was nothing', async () => {
    expect(await textOf(request([user('sim:recall')]))).toContain('not told me anything');
  });
});

describe('slow', () => {
  it('has as many words as tokens were asked for, and that pace', async () => {
    const { answer } = await decide(request([user('sim:slow tokens=7 rate=3')]));
    expect(answer).toMatchObject({ rate: 3, parts: [{ text: 'word1 word2 word3 word4 word5 word6 word7' }] });
  });
});

describe('subagent', () => {
  it('gives the subagent a sim: line of its own', async () => {
    const tools = [{ name: 'Agent', inputSchema: {} }];
    const [call] = await callsOf(request([user('sim:subagent cmd="echo \\"hi\\""')], { tools }));
    const { prompt } = (call?.input ?? {}) as { prompt: string };
    expect(await callsOf(request([user(prompt)]))).toMatchObject([
      { name: 'Bash', input: { command: 'echo "hi"' } },
    ]);
  });
});

describe('error', () => {
  const failing = request([user('sim:error status=529 times=2')]);

  it('fails for ever when no number of times is given', async () => {
    expect(await textOf(request([user('sim:error status=503')]), { failures: 99 })).toBe('error 503');
  });

  it('fails as often as asked, then answers', async () => {
    expect(await textOf(failing, { failures: 1 })).toBe('error 529');
    expect(await textOf(failing, { failures: 2 })).toContain('after 2 failed tries');
  });

  it('can break in the midst of the stream', async () => {
    const { answer } = await decide(request([user('sim:error after=3')]));
    expect(answer).toMatchObject({
      parts: [{ text: 'lost1 lost2 lost3' }],
      breakage: { kind: 'error', status: 529 },
    });
  });
});

describe('script', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agent-simulator-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function play(content: string, turns = 0): Promise<string> {
    const file = join(folder, `script-${turns}.json`);
    await writeFile(file, content);
    const past = Array.from({ length: turns }, () => [assistant('Bash'), toolResults]).flat();
    const asked = request([user(`sim:script file="${file}"`), ...past]);
    return textOf(asked, { readScript: readScriptFile });
  }

  const script = JSON.stringify({
    steps: [
      {
        type: 'message',
        parts: [
          { type: 'text', text: 'one' },
          { type: 'call', call: { tool: 'shell', command: 'ls' } },
        ],
      },
      { type: 'error', status: 500 },
    ],
  });

  it('plays its steps one after the other', async () => {
    expect(await play(script)).toBe('one');
    expect(await play(script, 1)).toBe('error 500');
    expect(await play(script, 2)).toContain('last step');
  });

  it('says where a script is wrong, without telling what stands in it', async () => {
    expect(await play('secret content')).toMatch(/is not JSON/);
    expect(await play('secret content')).not.toContain('secret');
    const wrong = JSON.stringify({ steps: [{ type: 'message', parts: [{ type: 'secret' }] }] });
    expect(await play(wrong)).toContain('steps.0.parts.0.type');
    expect(await play(wrong)).not.toContain('secret');
  });

  it('reads only files that are there, are files, and are not huge', async () => {
    await expect(readScriptFile(join(folder, 'missing.json'))).rejects.toThrow('ENOENT');
    await expect(readScriptFile(folder)).rejects.toThrow('not a regular file');
    const huge = join(folder, 'huge.json');
    await writeFile(huge, ' '.repeat(1024 * 1024 + 1));
    await expect(readScriptFile(huge)).rejects.toThrow('is over');
  });
});

it('finds no scenario that an object has by nature', () => {
  expect(findScenario('constructor')).toBeUndefined();
});
