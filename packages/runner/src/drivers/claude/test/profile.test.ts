import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Scene } from './scene.ts';
import { test } from './test.ts';

/** What the model was asked in one turn of an agent with this profile. */
async function requestsOf({ say, requests }: Scene, message = 'sim:text'): Promise<string> {
  expect(await say(message)).toMatchObject({ outcome: 'completed' });
  return requests.join('\n');
}

/** The parts of the last model request. */
const lastOf = ({ requests }: Scene) => JSON.parse(requests.at(-1) ?? '{}');

const frontMatter = (name: string, description: string) =>
  `---\nname: ${name}\ndescription: ${description}\n---\n`;

test('instructions, skills and subagents of the profile reach the model, and none lies in the workspace', async ({
  start,
}) => {
  const scene = await start({
    profile: {
      instructions: 'Always mention INSTRUCTED.',
      skills: [
        {
          name: 'greet',
          files: [{ path: 'SKILL.md', content: `${frontMatter('greet', 'SKILLED greeting')}Bow.\n` }],
        },
      ],
      subagents: [
        { name: 'helper', content: `${frontMatter('helper', 'DELEGATED work')}HELPFUL you are.\n` },
      ],
    },
  });
  const requests = await requestsOf(scene);
  for (const part of ['INSTRUCTED', 'SKILLED', 'DELEGATED']) expect(requests).toContain(part);
  expect(await readdir(scene.folders.workspace)).toEqual([]);
});

test('a skill that is used is read, a file beside it too', async ({ start }) => {
  const files = [
    { path: 'SKILL.md', content: `${frontMatter('greet', 'How to greet')}Bow BODILY.\n` },
    { path: 'notes/more.md', content: 'More.\n' },
  ];
  const scene = await start({ profile: { skills: [{ name: 'greet', files }] } });
  const requests = await requestsOf(scene, 'sim:mcp tool=Skill skill=greet');
  expect(requests).toContain('Bow BODILY.');
  expect(requests).toMatch(/skills\/greet/);
});

test('a subagent of the profile works with its own prompt', async ({ start }) => {
  const content = `${frontMatter('helper', 'Helps')}HELPFUL you are.\n`;
  const scene = await start({ profile: { subagents: [{ name: 'helper', content }] } });
  const requests = await requestsOf(scene, 'sim:subagent type=helper');
  expect(requests).toContain('HELPFUL you are.');
});

test('a command of the profile runs with its arguments', async ({ start }) => {
  const content = '---\ndescription: shouts\n---\nSHOUTED $ARGUMENTS\n';
  const scene = await start({ profile: { commands: [{ name: 'shout', content }] } });
  expect(await requestsOf(scene, '/shout loudly')).toContain('SHOUTED loudly');
});

test("a system prompt is added to Claude's own, or replaces it", async ({ start }) => {
  const added = await start({ profile: { systemPrompt: { mode: 'append', text: 'ADDED to it.' } } });
  await added.say('sim:text');
  const whole = JSON.stringify(lastOf(added).system);
  expect(whole).toContain('ADDED to it.');

  const replaced = await start({ profile: { systemPrompt: { mode: 'replace', text: 'REPLACED all.' } } });
  await replaced.say('sim:text');
  const own = JSON.stringify(lastOf(replaced).system);
  expect(own).toContain('REPLACED all.');
  expect(own.length).toBeLessThan(whole.length / 2);
});

test('the model of the profile is asked, and denied tools are not offered', async ({ start }) => {
  const scene = await start({ profile: { model: 'claude-sonnet-4-5', deniedTools: ['WebSearch'] } });
  await scene.say('sim:text');
  const { model, tools } = lastOf(scene);
  expect(model).toBe('claude-sonnet-4-5');
  const names = tools.map(({ name }: { name: string }) => name);
  expect(names).toContain('Bash');
  expect(names).not.toContain('WebSearch');
});

test('a later profile takes back what an earlier one wrote, and leaves what others wrote', async ({
  start,
}) => {
  const command = (name: string) => ({ name, content: `${name}\n` });
  const before = await start({
    profile: {
      instructions: 'Old.',
      commands: [command('stays'), command('goes')],
      skills: [{ name: 'old', files: [{ path: 'SKILL.md', content: 'Old.' }] }],
    },
  });
  const claude = join(before.folders.home, '.claude');
  await writeFile(join(claude, 'commands/own.md'), 'the own of the user');
  const kept = await stat(join(claude, 'commands/stays.md'));

  await start({
    folders: before.folders,
    profile: { commands: [command('stays'), command('new')] },
  });
  expect((await readdir(join(claude, 'commands'))).sort()).toEqual(['new.md', 'own.md', 'stays.md']);
  expect((await stat(join(claude, 'commands/stays.md'))).mtimeMs).toBe(kept.mtimeMs);
  await expect(readFile(join(claude, 'CLAUDE.md'))).rejects.toThrow();
  await expect(readdir(join(claude, 'skills'))).rejects.toThrow();
});
