/**
 * Records the real Claude agent, with the model simulator in place of the model, into the fixtures of the converter.
 *
 * Usage: pnpm record [case…]; without a case, all of them.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Options } from '@anthropic-ai/claude-agent-sdk';
import { claudeTranscriptPaths } from '../src/claude/index.ts';
import { startAgent } from './claude/agent.ts';
import { CASES, type RecordingCase, writeScript } from './claude/cases.ts';
import { leftBehind, scrubText, slimLive, slimTranscriptLine } from './claude/scrub.ts';
import { startSimulator } from './claude/simulator.ts';

const FIXTURES = fileURLToPath(new URL('../src/claude/__fixtures__/', import.meta.url));

async function record(name: string, play: RecordingCase, modelUrl: string): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'record-claude-'));
  const places = { workspace: join(root, 'workspace'), home: join(root, 'home') };
  const { workspace, home } = places;
  await Promise.all([mkdir(workspace), mkdir(home)]);
  const sessionId = randomUUID();
  const live: object[] = [];
  let started = false;
  try {
    await play({
      workspace,
      script: (scriptName, steps) => writeScript(join(workspace, 'scripts'), scriptName, steps),
      start(more = {}) {
        const session = started ? { resume: sessionId } : { sessionId };
        started = true;
        return startAgent({ ...baseOptions(workspace, home, modelUrl), ...session, ...more }, (line) => {
          live.push(line);
        });
      },
    });
    const folder = join(FIXTURES, name);
    await rm(folder, { recursive: true, force: true });
    const write = async (path: string, content: string) => {
      const scrubbed = scrubText(content, places);
      const left = leftBehind(scrubbed);
      if (left) throw new Error(`The recording of ${name} still holds a path of this machine: ${left}`);
      await writeFile(join(folder, path), scrubbed);
    };
    await mkdir(folder, { recursive: true });
    await write(
      'live.jsonl',
      toLines(live.flatMap((line) => slimLive(line as Record<string, unknown>) ?? [])),
    );
    await writeTranscripts(join(home, '.claude'), workspace, latestSession(live) ?? sessionId, folder, write);
    console.log(`${name}: ${live.length} live messages`);
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

function baseOptions(workspace: string, home: string, modelUrl: string): Options {
  return {
    cwd: workspace,
    env: {
      PATH: process.env.PATH,
      HOME: home,
      CLAUDE_CONFIG_DIR: join(home, '.claude'),
      ANTHROPIC_BASE_URL: modelUrl,
      ANTHROPIC_API_KEY: 'simulated',
      IS_SANDBOX: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: '1',
      DISABLE_AUTOUPDATER: '1',
      DISABLE_TELEMETRY: '1',
      DISABLE_ERROR_REPORTING: '1',
    },
    model: 'claude-sonnet-4-5',
    thinking: { type: 'enabled', budgetTokens: 2000 },
    includePartialMessages: true,
    forwardSubagentText: true,
    settingSources: ['project'],
    permissionMode: 'bypassPermissions',
    allowDangerouslySkipPermissions: true,
  };
}

async function writeTranscripts(
  configFolder: string,
  workspace: string,
  sessionId: string,
  folder: string,
  write: (path: string, content: string) => Promise<void>,
): Promise<void> {
  const paths = claudeTranscriptPaths(workspace, sessionId);
  await write('transcript.jsonl', slimTranscript(await readFile(join(configFolder, paths.main), 'utf8')));
  const subagents = join(configFolder, paths.subagents);
  const files = await readdir(subagents).catch(() => []);
  if (files.length > 0) await mkdir(join(folder, 'subagents'));
  for (const file of files) {
    const content = await readFile(join(subagents, file), 'utf8');
    await write(join('subagents', file), file.endsWith('.jsonl') ? slimTranscript(content) : content);
  }
}

/** `/clear` goes on in a session of its own. */
const latestSession = (live: object[]): string | undefined =>
  live.map((line) => (line as { session_id?: string }).session_id).findLast((id) => id !== undefined);

const toLines = (lines: unknown[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');

const slimTranscript = (raw: string): string =>
  toLines(raw.split('\n').flatMap((line) => (line ? slimTranscriptLine(JSON.parse(line)) : [])));

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in CASES));
if (unknown.length > 0) {
  console.error(`There is no case ${unknown.join(', ')}. The cases are ${Object.keys(CASES).join(', ')}.`);
  process.exit(2);
}
const simulator = await startSimulator();
let failed = 0;
for (const [name, play] of Object.entries(CASES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  await record(name, play, simulator.url).catch((error: Error) => {
    failed += 1;
    console.error(`${name}: ${error.message}`);
  });
}
simulator.stop();
process.exit(failed > 0 ? 1 : 0);
