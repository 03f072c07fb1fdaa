import { describe, expect } from 'vitest';
import { textOf } from '../harness/blocks.ts';
import { untilNobodyLeft } from '../harness/census.ts';
import { eventually, TOGETHER } from '../harness/deadline.ts';
import { ISOLATIONS } from '../harness/place.ts';
import { test } from '../harness/test.ts';

const inSandbox = ({ command }: { command: string }) =>
  /agent-runner\.mjs|claude\S* --output-format|^bwrap/.test(command);

describe.each(ISOLATIONS)('a session of Claude in a %s sandbox', TOGETHER, (sandbox) => {
  test('that nobody uses for two seconds is saved and its sandbox goes; the next message wakes it with its memory [LIFE-idle-released]', async ({
    open,
  }) => {
    const place = await open({ sandbox, environment: { IDLE_TIMEOUT_MS: '2000' } });
    await place.start();
    const { id, seen, turn } = await place.session();
    await turn('sim:write path=kept.txt content=kept');
    await seen.until('session:idle');
    const { seq } = await seen.until('sandbox:terminated', ({ payload }) => payload.reason === 'idle');
    const before = seen.events.filter((event) => event.seq < seq).map(({ type }) => type);
    expect(before).toContain('transcript:saved');
    expect(before).toContain('workspace:saved');
    await eventually('the sandbox gone', () => !place.processes().some(inSandbox));
    expect(await place.rest.file(id, 'kept.txt')).toBe('kept');

    await turn('sim:shell cmd="cat kept.txt"');
    expect((await seen.until('session:restored')).payload.fidelity).toBe('native');
    await turn('sim:recall');
    const { blocks } = seen.state().conversation;
    expect(blocks.findLast(({ type }) => type === 'tool_result')).toMatchObject({
      output: expect.stringContaining('kept'),
    });
    expect(textOf(blocks)).toContain('sim:write path=kept.txt');
  });

  test('ends with DELETE, agent and sandbox and all, in the middle of a turn; its record stays readable [LIFE-delete-ends] [LIFE-purge]', async ({
    open,
  }) => {
    const place = await open({ sandbox });
    await place.start();
    const { id, seen } = await place.session();
    const { turnId } = await place.rest.send(id, 'sim:long-shell seconds=600');
    await seen.until(
      'block:upsert',
      ({ payload }) => payload.block.type === 'tool_use' && payload.block.status === 'pending',
    );
    expect((await place.rest.ask('DELETE', `/sessions/${id}`)).status).toBeLessThan(300);
    expect((await seen.untilEnded(turnId)).type).toBe('turn:interrupted');
    await eventually('agent and sandbox gone', () => !place.processes().some(inSandbox));
    expect((await place.rest.get(id)).session.status).toBe('terminated');
    const late = await place.rest.ask('POST', `/sessions/${id}/message`, { content: 'hello?' });
    expect(late).toMatchObject({ status: 410, body: { code: 'session_terminated' } });

    await place.rest.ask('DELETE', `/sessions/${id}?purge=true`);
    expect(await place.rest.ask('GET', `/sessions/${id}`)).toMatchObject({
      status: 404,
      body: { code: 'session_not_found' },
    });
    expect(place.store.everything()).not.toContain(id);
  });
});

describe('a long turn', TOGETHER, () => {
  test('has its changes in the store within one sync interval [LAW-10-mirrored-each-interval]', async ({
    open,
  }) => {
    const place = await open({ environment: { SYNC_INTERVAL_MS: '1000' } });
    await place.start();
    const { id, seen } = await place.session();
    const { turnId } = await place.rest.send(id, 'sim:shell cmd="echo early > early.txt; sleep 60"');
    await seen.until('file:created', ({ payload }) => payload.path === 'early.txt');
    await seen.until('workspace:saved');
    const files = place.store.query(
      'SELECT path, content FROM agent_workspace_files WHERE session_id = ?',
      id,
    );
    expect(files).toEqual([{ path: 'early.txt', content: 'early\n' }]);
    expect(seen.state().session.activeTurn?.turnId).toBe(turnId);
    await seen.until('transcript:saved');
    const [transcript] = place.store.query<{ raw: string }>(
      'SELECT raw FROM agent_transcripts WHERE session_id = ?',
      id,
    );
    expect(transcript?.raw).toContain('early.txt');
    await place.rest.ask('POST', `/sessions/${id}/interrupt`, {});
    expect((await seen.untilEnded(turnId)).type).toBe('turn:interrupted');
  });
});

describe('what nobody attends', TOGETHER, () => {
  test('ends by itself [SAFE-orphans-end]', async ({ open }) => {
    const place = await open({ environment: { ORPHAN_TTL_MS: '3000' } });
    await place.start();
    const { turn } = await place.session();
    await turn('sim:text content=hello');
    await place.server().end('SIGKILL');
    expect(place.processes()).not.toEqual([]);
    await untilNobodyLeft(place.dataDirectory);
  });
});
