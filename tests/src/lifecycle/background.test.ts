import type { SessionEvent } from '@hhopkins/agent-protocol';
import { describe, expect } from 'vitest';
import { textOf } from '../harness/blocks.ts';
import { eventually, TOGETHER } from '../harness/deadline.ts';
import { type Followed, ISOLATIONS, type Place } from '../harness/place.ts';
import { test } from '../harness/test.ts';

/** Runs in the background until the test lets it end. */
const UNTIL_GO = 'until [ -e go ]; do sleep 0.1; done; echo over';
const WORDS = Array.from({ length: 600 }, (_, index) => `later${index}`).join(' ');
const letItEnd = (place: Place, { id }: Followed) => place.rest.ask('PUT', `/sessions/${id}/files/go`, 'now');
const ofTheAgent = ({ payload }: SessionEvent<'turn:started'>) => payload.origin === 'agent';

describe.each(ISOLATIONS)(
  'a command that Claude leaves in the background of a %s sandbox',
  TOGETHER,
  (sandbox) => {
    test('keeps its sandbox though nobody uses it; its end wakes Claude to a turn of its own, after which the sandbox goes [LIFE-background-is-life] [TURN-agent-begins]', async ({
      open,
    }) => {
      const place = await open({ sandbox, environment: { IDLE_TIMEOUT_MS: '2500' } });
      await place.start();
      const session = await place.session();
      const { seen } = session;
      const ended = await session.turn(`sim:shell background=true cmd="${UNTIL_GO}" later="It is over."`);
      expect(ended.type).toBe('turn:completed');
      // Another session, as idle as this one and later, is released meanwhile.
      const other = await place.session();
      await other.turn('sim:text content=hello');
      await other.seen.until('sandbox:terminated');
      expect(seen.state().session.sandbox.status).toBe('ready');

      await letItEnd(place, session);
      const { payload } = await seen.until('turn:started', ofTheAgent);
      expect((await seen.untilEnded(payload.turnId)).type).toBe('turn:completed');
      expect(textOf(seen.state().conversation.blocks)).toContain('It is over.');
      await seen.until('sandbox:terminated');
      const [transcript] = place.store.query<{ raw: string }>(
        'SELECT raw FROM agent_transcripts WHERE session_id = ?',
        session.id,
      );
      expect(transcript?.raw).toContain('It is over.');
      expect((await session.turn('sim:recall')).type).toBe('turn:completed');
    });
  },
);

describe('a turn that Claude begins by itself', TOGETHER, () => {
  test('is waited for by the next message, and ends by an interrupt [TURN-agent-begins]', async ({
    open,
  }) => {
    const place = await open();
    await place.start();
    const session = await place.session();
    const { id, seen } = session;
    await session.turn(`sim:shell background=true cmd="${UNTIL_GO}" later="${WORDS}" rate=40`);
    await letItEnd(place, session);
    const { payload } = await seen.until('turn:started', ofTheAgent);
    await seen.until('block:delta', ({ context }) => context.turnId === payload.turnId);
    expect(seen.state().session.activeTurn).toMatchObject({ turnId: payload.turnId, origin: 'agent' });
    const { turnId } = await place.rest.send(id, 'sim:text content=next');
    await seen.until('turn:queued', (event) => event.payload.turnId === turnId);
    expect(seen.state().session.activeTurn?.turnId).toBe(payload.turnId);
    await place.rest.ask('POST', `/sessions/${id}/interrupt`, { turnId: payload.turnId });
    expect((await seen.untilEnded(payload.turnId)).type).toBe('turn:interrupted');
    expect((await seen.untilEnded(turnId)).type).toBe('turn:completed');
    expect(textOf(seen.state().conversation.blocks)).toContain('next');
  });

  test('outlives the server, and the next one tells its end', async ({ open }) => {
    const place = await open();
    await place.start();
    const session = await place.session();
    const { seen } = session;
    await session.turn(`sim:shell background=true cmd="${UNTIL_GO}" later="It is over."`);
    await place.server().end('SIGKILL');
    await place.start();
    await letItEnd(place, session);
    const { payload } = await seen.until('turn:started', ofTheAgent);
    expect((await seen.untilEnded(payload.turnId)).type).toBe('turn:completed');
  });
});

describe('a server that an agent started and everybody forgot', TOGETHER, () => {
  test('goes with its sandbox when its time is over [LIFE-background-is-life]', async ({ open }) => {
    const place = await open({ environment: { IDLE_TIMEOUT_MS: '1000', BACKGROUND_TIMEOUT_MS: '3000' } });
    await place.start();
    const { turn, seen } = await place.session();
    await turn('sim:shell background=true cmd="sleep 86399"');
    expect(place.processes().some(({ command }) => command.includes('sleep 86399'))).toBe(true);
    await seen.until('log', ({ payload }) => payload.message.includes('Background tasks'));
    await seen.until('sandbox:terminated');
    await eventually(
      'its end',
      () => !place.processes().some(({ command }) => command.includes('sleep 86399')),
    );
  });
});
