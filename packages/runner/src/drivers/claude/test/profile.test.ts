import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentProfileInput } from '@hhopkins/agent-protocol';
import { expect, test } from 'vitest';
import { useRecordedModel } from './model.ts';
import { startScene } from './scene.ts';

const model = useRecordedModel();

/** What the model was asked in one turn of an agent with this profile. */
async function requestsWith(profile: Partial<AgentProfileInput>, message = 'sim:text'): Promise<string> {
  const scene = await startScene({ modelUrl: model.url, profile });
  model.forget();
  expect(await scene.say(message)).toMatchObject({ outcome: 'completed' });
  return model.requests.join('\n');
}

const frontMatter = (name: string, description: string) =>
  `---\nname: ${name}\ndescription: ${description}\n---\n`;

test('instructions, skills and subagents of the profile reach the model, and none lies in the workspace', async () => {
  const scene = await startScene({
    modelUrl: model.url,
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
  model.forget();
  await scene.say('sim:text');
  const requests = model.requests.join('\n');
  for (const part of ['INSTRUCTED', 'SKILLED', 'DELEGATED']) expect(requests).toContain(part);
  expect(await readdir(scene.folders.workspace)).toEqual([]);
});

test('a skill that is used is read, a file beside it too', async () => {
  const files = [
    { path: 'SKILL.md', content: `${frontMatter('greet', 'How to greet')}Bow BODILY.\n` },
    { path: 'notes/more.md', content: 'More.\n' },
  ];
  const requests = await requestsWith(
    { skills: [{ name: 'greet', files }] },
    'sim:mcp tool=Skill skill=greet',
  );
  expect(requests).toContain('Bow BODILY.');
  expect(requests).toMatch(/skills\/greet/);
});

test('a subagent of the profile works with its own prompt', async () => {
  const content = `${frontMatter('helper', 'Helps')}HELPFUL you are.\n`;
  const requests = await requestsWith(
    { subagents: [{ name: 'helper', content }] },
    'sim:subagent type=helper',
  );
  expect(requests).toContain('HELPFUL you are.');
});

test('a command of the profile runs with its arguments', async () => {
  const content = '---\ndescription: shouts\n---\nSHOUTED $ARGUMENTS\n';
  expect(await requestsWith({ commands: [{ name: 'shout', content }] }, '/shout loudly')).toContain(
    'SHOUTED loudly',
  );
});

test("a system prompt is added to Claude's own, or replaces it", async () => {
  const own = 'Claude Code';
  const added = await requestsWith({ systemPrompt: { mode: 'append', text: 'ADDED to it.' } });
  const systemOf = (requests: string) =>
    JSON.stringify(JSON.parse(requests.split('\n').at(-1) ?? '{}').system);
  expect(systemOf(added)).toContain('ADDED to it.');
  const plain = systemOf(added).length;
  const replaced = systemOf(await requestsWith({ systemPrompt: { mode: 'replace', text: 'REPLACED all.' } }));
  expect(replaced).toContain('REPLACED all.');
  expect(replaced.length).toBeLessThan(plain / 2);
  expect(systemOf(added)).toContain(own);
});

test('the model of the profile is asked, and denied tools are not offered', async () => {
  const requests = await requestsWith({ model: 'claude-sonnet-4-5', deniedTools: ['WebSearch'] });
  const { model: asked, tools } = JSON.parse(requests.split('\n').at(-1) ?? '{}');
  expect(asked).toBe('claude-sonnet-4-5');
  const names = tools.map(({ name }: { name: string }) => name);
  expect(names).toContain('Bash');
  expect(names).not.toContain('WebSearch');
});

test('a later profile takes back what an earlier one wrote, and leaves what others wrote', async () => {
  const command = (name: string) => ({ name, content: `${name}\n` });
  const before = await startScene({
    modelUrl: model.url,
    profile: {
      instructions: 'Old.',
      commands: [command('stays'), command('goes')],
      skills: [{ name: 'old', files: [{ path: 'SKILL.md', content: 'Old.' }] }],
    },
  });
  const claude = join(before.folders.home, '.claude');
  await writeFile(join(claude, 'commands/own.md'), 'the own of the user');
  const kept = await stat(join(claude, 'commands/stays.md'));

  await startScene({
    modelUrl: model.url,
    folders: before.folders,
    profile: { commands: [command('stays'), command('new')] },
  });
  expect((await readdir(join(claude, 'commands'))).sort()).toEqual(['new.md', 'own.md', 'stays.md']);
  expect((await stat(join(claude, 'commands/stays.md'))).mtimeMs).toBe(kept.mtimeMs);
  await expect(readFile(join(claude, 'CLAUDE.md'))).rejects.toThrow();
  await expect(readdir(join(claude, 'skills'))).rejects.toThrow();
});
