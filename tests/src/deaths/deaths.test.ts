import { describe, expect } from 'vitest';
import { ofType, textOf } from '../harness/blocks.ts';
import { eventually, TOGETHER } from '../harness/deadline.ts';
import { ISOLATIONS, type Place } from '../harness/place.ts';
import { test } from '../harness/test.ts';

/** Kills the one process of the place whose command line fits. */
function kill(place: Place, command: RegExp): void {
  const found = place.processes().filter((each) => command.test(each.command));
  if (found.length !== 1) throw new Error(`${command} is ${found.length} processes`);
  process.kill(found[0]?.pid as number, 'SIGKILL');
}

/** The death of one process of a sandbox may take others along. */
function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const AGENT = /claude\S* --output-format/;
const RUNNER = /agent-runner\.mjs serve/;
const RELAY = /relay\/src\/bin/;

describe.each(ISOLATIONS)('when something dies under Claude in a %s sandbox', TOGETHER, (sandbox) => {
  test('the agent: the turn fails as agent_lost, and the next one remembers [DIES-agent]', async ({
    open,
  }) => {
    const place = await open({ sandbox });
    await place.start();
    const { id, seen, turn } = await place.session();
    await turn('sim:text content="before the loss"');
    const { turnId } = await place.rest.send(id, 'sim:slow tokens=500 rate=20');
    await seen.until('block:delta', ({ context }) => context.turnId === turnId);
    kill(place, AGENT);
    expect(await seen.untilEnded(turnId)).toMatchObject({
      type: 'turn:failed',
      payload: { code: 'agent_lost', retryable: true },
    });
    expect(seen.state().conversation.blocks.filter(({ status }) => status === 'pending')).toEqual([]);
    await turn('sim:recall');
    expect(textOf(seen.state().conversation.blocks)).toContain('before the loss');
  });

  test('the runner: the turn ends as runner_lost, nothing of the agent is left, and the next turn remembers [DIES-runner] [LAW-06-new-journal-id]', async ({
    open,
  }) => {
    const place = await open({ sandbox });
    await place.start();
    const { id, seen, turn } = await place.session();
    await turn('sim:text content="before the loss"');
    const { turnId } = await place.rest.send(id, 'sim:long-shell seconds=600');
    await seen.until('block:upsert', ({ payload }) => payload.block.type === 'tool_use');
    const agents = place.processes().filter(({ command }) => AGENT.test(command));
    const journals = () =>
      place.store.query<{ journal_id: string }>(
        'SELECT journal_id FROM agent_streams WHERE session_id = ?',
        id,
      );
    const [journal] = journals();
    kill(place, RUNNER);
    expect(await seen.untilEnded(turnId)).toMatchObject({
      type: 'turn:failed',
      payload: { code: 'runner_lost' },
    });
    await eventually('the lost agent gone', () =>
      agents.every(
        ({ pid, startedAt }) =>
          !place.processes().some((each) => each.pid === pid && each.startedAt === startedAt),
      ),
    );
    expect(place.processes().filter(({ command }) => /sleep/.test(command))).toEqual([]);
    await turn('sim:recall');
    expect(textOf(seen.state().conversation.blocks)).toContain('before the loss');
    expect(journals()).not.toEqual([journal]);
  });

  test('the sandbox: the turn ends as sandbox_lost, and the next message gets a new one with workspace and memory [DIES-sandbox] [LAW-10-torn-closed]', async ({
    open,
  }) => {
    const place = await open({ sandbox });
    await place.start();
    const { id, seen, turn } = await place.session();
    await turn('sim:write path=kept.txt content=kept');
    await seen.until('workspace:saved');
    const { turnId } = await place.rest.send(id, 'sim:slow tokens=500 rate=20');
    await seen.until('block:delta', ({ context }) => context.turnId === turnId);
    const host = new Set([place.server().pid]);
    for (const { pid, command } of place.processes()) {
      if (host.has(pid) || /relay\/src|simulator\/src/.test(command)) continue;
      killIfAlive(pid);
    }
    expect(await seen.untilEnded(turnId)).toMatchObject({
      type: 'turn:failed',
      payload: { code: 'sandbox_lost' },
    });
    await seen.until('sandbox:lost');
    await turn('sim:shell cmd="cat kept.txt"');
    expect((await seen.until('session:restored')).payload.fidelity).toBe('native');
    expect(ofType(seen.state().conversation.blocks, 'tool_result').at(-1)).toMatchObject({
      output: expect.stringContaining('kept'),
    });
    await turn('sim:recall');
    expect(textOf(seen.state().conversation.blocks)).toContain('sim:write path=kept.txt');
  });

  test('the relay: it is started again, and the agent repeats its call [DIES-relay]', async ({ open }) => {
    const place = await open({ sandbox });
    await place.start();
    const { id, seen } = await place.session();
    const { turnId } = await place.rest.send(id, 'sim:slow tokens=60 rate=20');
    await seen.until('block:delta');
    kill(place, RELAY);
    expect((await seen.untilEnded(turnId)).type).toBe('turn:completed');
    const texts = ofType(seen.state().conversation.blocks, 'assistant_text');
    expect(texts).toEqual([expect.objectContaining({ status: 'complete' })]);
  });
});

describe('what waits', TOGETHER, () => {
  test('for an answer expires with its agent, and a late answer is told so [DIES-open-ask]', async ({
    open,
  }) => {
    const place = await open({ agent: 'scripted' });
    await place.start();
    const { id, seen } = await place.session();
    const { turnId } = await place.rest.send(id, 'ask Bash');
    const { payload } = await seen.until('permission:requested');
    kill(place, RUNNER);
    await seen.untilEnded(turnId);
    expect((await seen.until('permission:resolved')).payload).toMatchObject({
      outcome: 'expired',
      by: 'engine',
    });
    const late = await place.rest.ask('POST', `/sessions/${id}/permissions/${payload.requestId}`, {
      decision: 'allow',
    });
    expect(late).toMatchObject({ status: 409, body: { code: 'request_expired' } });
  });

  test('for an answer that nobody gives is refused in time, and the turn goes on', async ({ open }) => {
    const place = await open({ agent: 'scripted', settings: { requestTimeoutMs: 1000 } });
    await place.start();
    const { turn, seen } = await place.session();
    expect((await turn('ask Bash\nsay over')).type).toBe('turn:completed');
    expect((await seen.until('permission:resolved')).payload.outcome).toBe('timeout');
  });

  test('for a sign of life ends as turn_timeout, and the next turn runs [DIES-silent-turn]', async ({
    open,
  }) => {
    const place = await open({ agent: 'scripted', settings: { turnTimeoutMs: 10_000 } });
    await place.start();
    const { turn } = await place.session();
    expect(await turn('hang')).toMatchObject({ type: 'turn:failed', payload: { code: 'turn_timeout' } });
    expect(await turn('say alive')).toMatchObject({ type: 'turn:completed' });
  });
});
