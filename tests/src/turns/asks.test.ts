import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ofType, textOf } from '../harness/blocks.ts';
import { commandSocket } from '../harness/command-socket.ts';
import { TOGETHER } from '../harness/deadline.ts';
import type { Place } from '../harness/place.ts';
import { sharedPlace } from '../harness/shared-place.ts';

type Answer = (
  place: Place,
  sessionId: string,
  requestId: string,
  answer: Record<string, unknown>,
) => Promise<number>;

const OVER: Record<'REST' | 'WebSocket', Record<'permission' | 'question', Answer>> = {
  REST: {
    permission: async (place, sessionId, requestId, answer) =>
      (await place.rest.ask('POST', `/sessions/${sessionId}/permissions/${requestId}`, answer)).status,
    question: async (place, sessionId, requestId, answer) =>
      (await place.rest.ask('POST', `/sessions/${sessionId}/questions/${requestId}`, answer)).status,
  },
  WebSocket: {
    permission: (place, sessionId, requestId, answer) =>
      commandSocket(place.url(), { type: 'permission', sessionId, requestId, ...answer }),
    question: (place, sessionId, requestId, answer) =>
      commandSocket(place.url(), { type: 'question', sessionId, requestId, ...answer }),
  },
};

describe.each(['REST', 'WebSocket'] as const)('an ask of Claude, answered over %s', TOGETHER, (transport) => {
  const folder = mkdtemp(join(tmpdir(), 'profiles-'));
  afterAll(async () => rm(await folder, { recursive: true, force: true }));
  const place = sharedPlace(async () => {
    await mkdir(join(await folder, 'careful'));
    await writeFile(join(await folder, 'careful/profile.json'), JSON.stringify({ permissionMode: 'ask' }));
    return { environment: { PROFILES_DIR: await folder } };
  });
  const careful = () =>
    place().session({ request: { architecture: 'claude-sdk', agentProfileRef: 'careful' } });
  const answer = OVER[transport];

  it('runs the tool when allowed [ASK-permission]', async () => {
    const { id, seen } = await careful();
    const { turnId } = await place().rest.send(id, 'sim:shell cmd="touch allowed.txt"');
    const { payload } = await seen.until('permission:requested');
    expect(payload).toMatchObject({ toolName: 'Bash', input: { command: 'touch allowed.txt' } });
    expect((await place().rest.get(id)).session.status).toBe('waiting');
    expect(await answer.permission(place(), id, payload.requestId, { decision: 'allow' })).toBe(200);
    expect((await seen.untilEnded(turnId)).type).toBe('turn:completed');
    expect(ofType(seen.state().conversation.blocks, 'tool_result')).toEqual([
      expect.objectContaining({ isError: false }),
    ]);
    await seen.until('file:created', (event) => event.payload.path === 'allowed.txt');

    // [ASK-answered-once]
    const second = await answer.permission(place(), id, payload.requestId, { decision: 'deny' });
    expect(second).toBe(409);
  });

  it('does not run the tool when denied [ASK-permission]', async () => {
    const { id, seen } = await careful();
    const { turnId } = await place().rest.send(id, 'sim:shell cmd="touch denied.txt"');
    const { payload } = await seen.until('permission:requested');
    const denial = { decision: 'deny', message: 'not today' };
    expect(await answer.permission(place(), id, payload.requestId, denial)).toBe(200);
    await seen.untilEnded(turnId);
    const [result] = ofType(seen.state().conversation.blocks, 'tool_result');
    expect(result).toMatchObject({ isError: true, output: expect.stringContaining('not today') });
    expect(await place().rest.ask('GET', `/sessions/${id}/files/denied.txt`)).toMatchObject({
      status: 404,
    });
  });

  it('is not asked again when allowed for good [ASK-allow-always] [DIES-allow-always-kept]', async () => {
    const { id, seen, turn } = await careful();
    const { turnId } = await place().rest.send(id, 'sim:shell cmd="touch one.txt"');
    const { payload } = await seen.until('permission:requested');
    await answer.permission(place(), id, payload.requestId, { decision: 'allow_always' });
    await seen.untilEnded(turnId);
    expect((await turn('sim:shell cmd="touch two.txt"')).type).toBe('turn:completed');
    expect(seen.events.filter(({ type }) => type === 'permission:requested')).toHaveLength(1);
    expect((await place().rest.get(id)).session.allowedTools).toContain('Bash');
  });

  it('gets the answer to its question [ASK-question]', async () => {
    const { id, seen } = await place().session();
    const { turnId } = await place().rest.send(id, 'sim:question text="Which colour?"');
    const { payload } = await seen.until('question:requested');
    const [question] = payload.questions;
    expect(question?.question).toBe('Which colour?');
    const chosen = question?.options[0]?.label ?? '';
    const answers = { [question?.question ?? '']: chosen };
    expect(await answer.question(place(), id, payload.requestId, { answers })).toBe(200);
    expect((await seen.untilEnded(turnId)).type).toBe('turn:completed');
    const [result] = ofType(seen.state().conversation.blocks, 'tool_result');
    expect(JSON.stringify(result?.output)).toContain(chosen);
    expect(textOf(seen.state().conversation.blocks)).not.toBe('');
  });
});
