import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sqlitePersistence } from '@hhopkins/agent-persistence-sqlite';
import { type AgentProfile, agentProfileSchema } from '@hhopkins/agent-protocol';
import { describe, expect } from 'vitest';
import { ofType, textOf } from '../harness/blocks.ts';
import { TOGETHER } from '../harness/deadline.ts';
import { listenAsModel } from '../harness/model-recorder.ts';
import type { Followed, Place } from '../harness/place.ts';
import { test } from '../harness/test.ts';

const MCP_SERVER = join(import.meta.dirname, '../harness/mcp-server.mjs');

/** One profile with every form that Claude has, each with a mark to find it by. */
const PROFILE: AgentProfile = agentProfileSchema.parse({
  id: 'forms',
  name: 'All forms',
  systemPrompt: { mode: 'append', text: 'MARK-SYSTEM-PROMPT' },
  instructions: 'MARK-INSTRUCTIONS',
  skills: [
    {
      name: 'greeting',
      files: [{ path: 'SKILL.md', content: '---\nname: greeting\ndescription: MARK-SKILL\n---\nGreet.\n' }],
    },
  ],
  subagents: [
    { name: 'reviewer', content: '---\nname: reviewer\ndescription: MARK-SUBAGENT\n---\nReview.\n' },
  ],
  commands: [{ name: 'look', content: 'sim:text content="MARK-COMMAND"\n' }],
  mcpServers: { echo: { type: 'stdio', command: process.execPath, args: ['mcp-server.mjs'] } },
  defaultFiles: [{ path: 'docs/first.txt', content: 'MARK-FILE' }],
});

/** The same as a folder, as people keep it. */
async function writeProfileFolder(folder: string): Promise<void> {
  const files: Record<string, string> = {
    'profile.json': JSON.stringify({ name: PROFILE.name, systemPrompt: PROFILE.systemPrompt }),
    'CLAUDE.md': PROFILE.instructions ?? '',
    'skills/greeting/SKILL.md': PROFILE.skills[0]?.files[0]?.content ?? '',
    'agents/reviewer.md': PROFILE.subagents[0]?.content ?? '',
    'commands/look.md': PROFILE.commands[0]?.content ?? '',
    'mcp.json': JSON.stringify({ mcpServers: PROFILE.mcpServers }),
    'files/docs/first.txt': PROFILE.defaultFiles[0]?.content ?? '',
  };
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, PROFILE.id, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
}

async function saveProfile(dataDirectory: string): Promise<void> {
  const store = sqlitePersistence({ file: join(dataDirectory, 'agent-server.db') });
  await store.saveAgentProfile(PROFILE);
  await store.close();
}

async function expectAllForms(place: Place, session: Followed, asked: () => string): Promise<void> {
  await session.turn('sim:text content=hello');
  for (const mark of ['MARK-SYSTEM-PROMPT', 'MARK-INSTRUCTIONS', 'MARK-SKILL', 'MARK-SUBAGENT']) {
    expect(asked(), `${mark} reaches the model`).toContain(mark);
  }
  expect(await place.rest.file(session.id, 'docs/first.txt')).toBe('MARK-FILE');
  await session.turn('/look');
  expect(textOf(session.seen.state().conversation.blocks)).toContain('MARK-COMMAND');
  await session.turn('sim:mcp tool=mcp__echo__say input={"words":"from-the-mcp-server"}');
  const [result] = ofType(session.seen.state().conversation.blocks, 'tool_result').slice(-1);
  expect(JSON.stringify(result?.output)).toContain('from-the-mcp-server');
}

describe('a profile with every form of Claude', TOGETHER, () => {
  test.for(['folder', 'store'] as const)(
    'of a %s reaches the agent [LIFE-profiles]',
    async (source, { open }) => {
      const model = await listenAsModel();
      try {
        const place = await open({
          environment: { ANTHROPIC_API_KEY: 'a-key-of-the-test', ANTHROPIC_BASE_URL: model.url },
        });
        const profiles = join(place.dataDirectory, 'profiles');
        if (source === 'folder') await writeProfileFolder(profiles);
        else await saveProfile(place.dataDirectory);
        await place.start(source === 'folder' ? { PROFILES_DIR: profiles } : {});

        const { body } = await place.rest.ask<{ profiles: { id: string }[] }>('GET', '/agent-profiles');
        expect(JSON.stringify(body)).toContain('"forms"');
        const session = await place.session({
          request: {
            architecture: place.architecture,
            agentProfileRef: PROFILE.id,
            defaultWorkspaceFiles: [{ path: 'mcp-server.mjs', content: await readFile(MCP_SERVER, 'utf8') }],
          },
        });
        await expectAllForms(place, session, model.asked);
      } finally {
        await model.close();
      }
    },
  );

  test('that does not exist is refused when the session is made [LIFE-profiles]', async ({ open }) => {
    const place = await open({ agent: 'scripted' });
    await place.start();
    const request = { architecture: 'scripted', agentProfileRef: 'nothing' };
    expect(await place.rest.ask('POST', '/sessions/create', request)).toMatchObject({
      status: 404,
      body: { code: 'profile_not_found' },
    });
  });
});
