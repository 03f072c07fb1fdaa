import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect } from 'vitest';
import { ofType, textOf } from '../harness/blocks.ts';
import { eventually, TOGETHER } from '../harness/deadline.ts';
import { listenAsModel, type RecordedModel } from '../harness/model-recorder.ts';
import type { Followed, Place } from '../harness/place.ts';
import { test as base } from '../harness/test.ts';

const PROFILE = {
  'remembers/CLAUDE.md': 'MARK-INSTRUCTIONS',
  'remembers/agents/reviewer.md': '---\nname: reviewer\ndescription: MARK-SUBAGENT\n---\nReview.\n',
  'remembers/files/docs/first.txt': 'MARK-FILE',
};
const PASSWORD = 'The password is swordfish.';

interface Fixtures {
  /** A server of the real agent, with a profile, and what its model was asked. */
  scene: { place: Place; model: RecordedModel };
}

const test = base.extend<Fixtures>({
  scene: async ({ open }, use) => {
    const model = await listenAsModel();
    const place = await open({
      environment: { ANTHROPIC_API_KEY: 'a-key-of-the-test', ANTHROPIC_BASE_URL: model.url },
    });
    const profiles = join(place.dataDirectory, 'profiles');
    for (const [path, content] of Object.entries(PROFILE)) {
      await mkdir(dirname(join(profiles, path)), { recursive: true });
      await writeFile(join(profiles, path), content);
    }
    await place.start({ PROFILES_DIR: profiles });
    await use({ place, model });
    await model.close();
  },
});

const session = (place: Place) =>
  place.session({ request: { architecture: place.architecture, agentProfileRef: 'remembers' } });

/** Everything that a session has said is in the store. */
async function saved(place: Place, { id, seen }: Followed): Promise<void> {
  await place.rest.ask('POST', `/sessions/${id}/sync`);
  await seen.until('transcript:saved', ({ seq }) => seq > lastEnd(seen));
}

const lastEnd = ({ events }: Followed['seen']): number =>
  events.findLast(({ type }) => type === 'turn:completed')?.seq ?? 0;

/** Ends all sandboxes of a place, and removes everything of them from the disk. */
async function deleteSandboxes(place: Place): Promise<void> {
  const sandboxes = join(place.dataDirectory, 'sandboxes');
  const inside = () =>
    place.processes().filter(({ pid, command }) => pid !== place.server().pid && !/relay\/src/.test(command));
  await eventually('the sandboxes ended', () => {
    for (const { pid } of inside()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended meanwhile.
      }
    }
    return inside().length === 0;
  });
  await rm(sandboxes, { recursive: true, force: true });
}

describe('a sandbox that is deleted under its session', TOGETHER, () => {
  // [LAW-10-native-resume] [DIES-sandbox] [LIFE-profiles]
  test('is replaced by one with its files, its profile and the memory of the agent and its subagents', async ({
    scene: { place, model },
  }) => {
    const { id, seen, turn } = await session(place);
    const followed = { id, seen } as Followed;
    await turn(PASSWORD);
    await turn('sim:write path=kept.txt content=MARK-WRITTEN');
    await turn('sim:subagent cmd="echo inside"');
    await saved(place, followed);
    const [subagent] = seen.state().conversation.subagents;
    const before = structuredClone(seen.state().conversation);
    const transcriptOf = (query = '') => place.rest.ask<string>('GET', `/sessions/${id}/transcript${query}`);
    const main = (await transcriptOf()).body;
    const inner = (await transcriptOf(`?subagentId=${subagent?.id}`)).body;

    await deleteSandboxes(place);
    await seen.until('sandbox:lost');
    const asked = model.asked().length;
    await turn('sim:recall');

    expect((await seen.until('session:restored')).payload).toMatchObject({ fidelity: 'native' });
    for (const told of [PASSWORD, 'sim:write path=kept.txt', 'sim:subagent']) {
      expect(textOf(seen.state().conversation.blocks)).toContain(told);
    }
    const request = model.asked().slice(asked);
    for (const mark of ['MARK-INSTRUCTIONS', 'MARK-SUBAGENT']) expect(request).toContain(mark);
    await turn('sim:shell cmd="cat kept.txt docs/first.txt"');
    const output = JSON.stringify(ofType(seen.state().conversation.blocks, 'tool_result').at(-1)?.output);
    expect(output).toContain('MARK-WRITTEN');
    expect(output).toContain('MARK-FILE');

    // Nothing of the conversation changed, and the subagent's transcript lies where the agent looks for it.
    const { blocks, subagents } = seen.state().conversation;
    expect(blocks.slice(0, before.blocks.length)).toEqual(before.blocks);
    expect(subagents).toEqual(before.subagents);
    const sandboxes = join(place.dataDirectory, 'sandboxes');
    const laid = readdirSync(sandboxes, { recursive: true, encoding: 'utf8' }).find((path) =>
      path.endsWith(`/subagents/agent-${subagent?.id}.jsonl`),
    );
    expect(inner).toContain(readFileSync(join(sandboxes, laid ?? 'nowhere'), 'utf8').trimEnd());
    await saved(place, followed);
    expect((await transcriptOf()).body.startsWith(main)).toBe(true);
    expect((await transcriptOf(`?subagentId=${subagent?.id}`)).body).toBe(inner);
  });
});

describe('what a session says that its agent has of it', TOGETHER, () => {
  // [LAW-10-fidelity-said] [LAW-10-torn-closed]
  test('is native, replayed or fresh, as its saved transcript allows', async ({
    scene: { place, model },
  }) => {
    const [torn, foreign, lost] = await Promise.all([session(place), session(place), session(place)]);
    for (const each of [torn, foreign, lost]) {
      await each.turn(PASSWORD);
      await each.turn('sim:shell cmd="echo once"');
      await saved(place, each);
    }
    await place.interrupt();
    const database = new DatabaseSync(join(place.dataDirectory, 'agent-server.db'));
    const raw = (id: string) =>
      String(database.prepare('SELECT raw FROM agent_transcripts WHERE session_id = ?').get(id)?.raw);
    const write = database.prepare('UPDATE agent_transcripts SET raw = ? WHERE session_id = ?');
    // Within the line of the tool's result; in a form that the agent does not resume; and gone but for a scrap.
    write.run(raw(torn.id).slice(0, raw(torn.id).indexOf('"tool_result"')), torn.id);
    database
      .prepare('UPDATE agent_sessions SET agent_session_id = ? WHERE session_id = ?')
      .run('of-another-program', foreign.id);
    write.run('{"type":"user","mess', lost.id);
    database.close();

    await place.start({ PROFILES_DIR: join(place.dataDirectory, 'profiles') });
    const after = async ({ seen, turn }: Followed) => {
      expect((await turn('sim:recall')).type).toBe('turn:completed');
      return (await seen.until('session:restored')).payload;
    };
    expect(await after(torn)).toMatchObject({ fidelity: 'native' });
    expect(textOf(torn.seen.state().conversation.blocks)).toContain(PASSWORD);

    const asked = model.asked().length;
    expect(await after(foreign)).toMatchObject({ fidelity: 'replayed' });
    expect(model.asked().slice(asked)).toContain(PASSWORD);

    expect(await after(lost)).toMatchObject({ fidelity: 'fresh' });
    expect(textOf(lost.seen.state().conversation.blocks)).not.toContain(PASSWORD);
  });
});
