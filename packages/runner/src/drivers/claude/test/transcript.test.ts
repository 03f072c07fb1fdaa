import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claude } from '@hhopkins/agent-converters';
import { expect } from 'vitest';
import type { AgentTranscript } from '../../driver.ts';
import type { Scene } from './scene.ts';
import { test } from './test.ts';

async function exported(scene: Scene): Promise<AgentTranscript> {
  const transcript = await scene.driver.exportTranscript();
  if (!transcript) throw new Error('there is no transcript');
  return transcript;
}

test('there is no transcript before the first turn', async ({ start }) => {
  const scene = await start();
  expect(await scene.driver.exportTranscript()).toBeNull();
  expect(await scene.driver.knowsMessage(crypto.randomUUID())).toBe(false);
});

test('another sandbox resumes natively from an exported transcript, with the same session id', async ({
  start,
}) => {
  const before = await start();
  await before.say('The password is swordfish.');
  await before.say('sim:shell cmd="echo once"');
  const saved = await exported(before);
  await before.driver.stop();

  const after = await start({ setup: { agentSessionId: saved.agentSessionId } });
  expect(await after.driver.importTranscript(saved)).toEqual({ fidelity: 'native' });
  expect(await after.say('sim:recall')).toMatchObject({ outcome: 'completed' });
  expect(after.blocks('assistant_text').at(-1)?.content).toContain('The password is swordfish.');
  await after.say('sim:shell cmd="pwd"');
  expect(after.blocks('tool_result').at(-1)?.output).toContain(after.folders.workspace);
  const again = await exported(after);
  expect(again.agentSessionId).toBe(saved.agentSessionId);
  expect(again.main.startsWith(saved.main)).toBe(true);
});

test('a later driver in the same sandbox goes on with the session', async ({ start }) => {
  const first = await start();
  await first.say('The password is swordfish.');
  await first.driver.stop();
  const second = await start({ folders: first.folders });
  await second.say('sim:recall');
  expect(second.blocks('assistant_text').at(-1)?.content).toContain('The password is swordfish.');
});

test('subagents survive an export and an import, with what Claude notes about them', async ({ start }) => {
  const before = await start();
  await before.say('sim:subagent');
  const saved = await exported(before);
  const [subagent] = before.state().conversation.subagents;
  expect(saved.subagents.map(({ id }) => id)).toEqual([subagent?.id]);
  await before.driver.stop();

  const after = await start();
  await after.driver.importTranscript(saved);
  expect(await exported(after)).toEqual(saved);
});

test('a transcript that broke off in a tool call is closed and resumes', async ({ start }) => {
  const before = await start();
  await before.say('The password is swordfish.');
  await before.say('sim:shell');
  const saved = await exported(before);
  await before.driver.stop();
  const lines = saved.main.split('\n');
  const call = lines.findIndex((line) => line.includes('"type":"tool_use"'));
  const torn = `${lines.slice(0, call + 1).join('\n')}\n{"type":"user","mess`;

  const after = await start();
  expect(await after.driver.importTranscript({ ...saved, main: torn })).toEqual({ fidelity: 'native' });
  expect(await after.say('sim:recall')).toMatchObject({ outcome: 'completed' });
  expect(after.blocks('assistant_text').at(-1)?.content).toContain('The password is swordfish.');
});

test('a session that Claude cannot resume is retold to it, unseen', async ({ start }) => {
  const before = await start();
  await before.say('The password is swordfish.');
  const saved = await exported(before);
  await before.driver.stop();

  const after = await start();
  const imported = await after.driver.importTranscript({ ...saved, agentSessionId: 'not-a-uuid' });
  expect(imported).toMatchObject({ fidelity: 'replayed', reason: expect.stringContaining('not-a-uuid') });
  expect(await after.say('What was it?')).toMatchObject({ outcome: 'completed' });
  expect(after.requests.join('\n')).toContain('The password is swordfish.');
  expect(JSON.stringify(after.state().conversation)).not.toContain('swordfish');

  // The retelling is in Claude's own transcript now, where nobody sees it.
  const { conversation } = claude.parseClaudeTranscript(await exported(after));
  expect(conversation.blocks).toHaveLength(2);
  await after.driver.stop();
  const later = await start({ folders: after.folders });
  await later.say('And again?');
  expect(later.requests.at(-1)?.split('The password is swordfish.')).toHaveLength(2);
});

test('a transcript without a message starts afresh, and says so', async ({ start }) => {
  const scene = await start();
  const imported = await scene.driver.importTranscript({
    agentSessionId: crypto.randomUUID(),
    main: 'not a line',
    subagents: [],
  });
  expect(imported).toMatchObject({ fidelity: 'fresh', reason: expect.any(String) });
  expect(await scene.say('sim:text')).toMatchObject({ outcome: 'completed' });
});

test('a message is known once the agent has taken it in, steered ones too', async ({ start }) => {
  const scene = await start();
  const turn = scene.begin('sim:long-shell seconds=1');
  await scene.until('the call of the shell', () => scene.blocks('tool_use')[0]);
  const steered = crypto.randomUUID();
  await scene.driver.steer?.({ turnId: turn.turnId, messageId: steered, content: 'Faster.' });
  await scene.finish(turn);
  expect(await scene.driver.knowsMessage(turn.messageId)).toBe(true);
  expect(await scene.driver.knowsMessage(steered)).toBe(true);
  expect(await scene.driver.knowsMessage(crypto.randomUUID())).toBe(false);
});

test('exports during a turn hold whole lines only, and every subagent that is answered', async ({
  start,
}) => {
  const scene = await start();
  const turn = scene.begin('sim:subagent cmd="echo one"');
  let running = true;
  void turn.ended.then(() => {
    running = false;
  });
  while (running) {
    const transcript = await scene.driver.exportTranscript();
    const texts = transcript ? [transcript.main, ...transcript.subagents.map(({ raw }) => raw)] : [];
    const lines = texts.flatMap((text) => text.split('\n').filter(Boolean)).map((line) => JSON.parse(line));
    const answered = lines.flatMap((line) => line.toolUseResult?.agentId ?? []);
    expect(transcript?.subagents.map(({ id }) => id) ?? []).toEqual(expect.arrayContaining(answered));
    await new Promise(setImmediate);
  }
  expect((await exported(scene)).subagents).toHaveLength(1);
});

test('a turn whose runner died is reconciled from the transcript', async ({ start }) => {
  const scene = await start();
  await scene.say('sim:text content="of an earlier turn"');
  const turn = scene.begin('sim:subagent cmd="echo one"');
  await scene.finish(turn);
  const events = scene.driver.reconcile?.(await exported(scene), { ...turn, pending: [] }) ?? [];

  const retold = await start();
  retold.replay(events);
  const live = scene.state().conversation;
  const ofTurn = live.blocks.filter((block) => block.turnId === turn.turnId);
  const comparable = (blocks: readonly object[]) => blocks.map((block) => ({ ...block, timestamp: '' }));
  expect(comparable(retold.state().conversation.blocks)).toEqual(comparable(ofTurn));
  expect(retold.state().conversation.subagents).toMatchObject([
    { id: live.subagents[0]?.id, status: 'complete', name: live.subagents[0]?.name },
  ]);
});

test('a workspace with a very long path is resumed and exported too', async ({ start }) => {
  const { folders } = await start();
  const workspace = join(folders.workspace, 'a'.repeat(120), 'b'.repeat(120));
  await mkdir(workspace, { recursive: true });
  const first = await start({ folders: { ...folders, workspace } });
  await first.say('The password is swordfish.');
  expect(await exported(first)).toMatchObject({ main: expect.stringContaining('swordfish') });
  await first.driver.stop();
  const second = await start({ folders: { ...folders, workspace } });
  await second.say('sim:recall');
  expect(second.blocks('assistant_text').at(-1)?.content).toContain('The password is swordfish.');
});

test('a half-written line of the running agent is left out of the export', async ({ start }) => {
  const scene = await start();
  await scene.say('sim:text');
  await scene.driver.stop();
  const whole = await exported(scene);
  const project = scene.folders.workspace.replaceAll(/[^a-zA-Z0-9]/g, '-');
  const path = join(scene.folders.home, '.claude/projects', project, `${whole.agentSessionId}.jsonl`);
  await writeFile(path, `${await readFile(path, 'utf8')}{"type":"assist`);
  expect(await exported(scene)).toEqual(whole);
});
