import {
  initialState,
  parseEvent,
  type ReadEventsResponse,
  reduce,
  type SessionState,
} from '@hhopkins/agent-protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TOGETHER } from '../harness/deadline.ts';
import { TRANSPORTS } from '../harness/follow.ts';
import { sharedPlace } from '../harness/shared-place.ts';

describe('readers of a session', TOGETHER, () => {
  const place = sharedPlace({ agent: 'scripted' });

  it.each(TRANSPORTS)(
    'that disconnect at random see each seq once, over %s [LIFE-random-disconnects] [DIES-client] [LAW-03-cursor-exact] [LAW-01-seq-no-gaps]',
    async (transport) => {
      const { id, seen, follower } = await place().session({ transport });
      const { turnId } = await place().rest.send(id, 'text 100000 10');
      const [distances] = fc.sample(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 10, maxLength: 10 }),
        1,
      );
      for (const distance of distances ?? []) {
        const from = seen.cursor?.seq ?? 0;
        await seen.until('block:delta', ({ seq }) => seq >= from + distance);
        follower.cut();
      }
      await place().rest.ask('POST', `/sessions/${id}/interrupt`, { turnId });
      await seen.untilEnded(turnId);
      expect(seen.faults, `cut after ${distances}`).toEqual([]);
      const { events } = await place().rest.events(id);
      expect(seen.events).toEqual(events.slice(0, seen.events.length).map(parseEvent));
    },
  );

  it('see the same, whatever they read with [LIFE-two-clients-alike] [LAW-03-transports-alike] [LAW-03-live-hand-over]', async () => {
    const { id, seen } = await place().session();
    const { turnId } = await place().rest.send(id, 'text 60 60\nfile a.txt hello\nsubagent helper 5');
    await seen.until('block:delta');
    // These come in the middle: what is stored and what is live has to meet.
    const others = TRANSPORTS.map((transport) => place().follow(id, transport));
    for (const reader of [{ seen }, ...others]) await reader.seen.untilEnded(turnId);
    const { seq } = await seen.untilEnded(turnId);
    for (const other of others) expect(other.seen.events.slice(0, seq)).toEqual(seen.events.slice(0, seq));
  });

  it('get a snapshot that is the reduction of all events up to it, at any seq [LAW-04-snapshot-is-reduction]', async () => {
    const { id, turn } = await place().session();
    await turn('text 30\nfile a.txt hello\nsubagent helper 5');
    const head = await place().rest.get(id);
    const { events } = await place().rest.events(id);
    for (const at of [1, Math.ceil(head.seq / 2), head.seq]) {
      const { body } = await place().rest.ask('GET', `/sessions/${id}?at=${at}`);
      const { session, conversation } = events.slice(0, at).map(parseEvent).reduce(reduce, initialState(id));
      expect(body).toMatchObject({ seq: at, session, conversation });
    }
  });

  it('with a cursor of another stream, or beyond the head, start again from a snapshot [LAW-01-foreign-cursor-reset]', async () => {
    const { id, turn } = await place().session();
    await turn('say hello');
    const { streamId } = await place().rest.get(id);
    for (const query of ['after=3&streamId=another', 'after=100000']) {
      const { body } = await place().rest.ask<ReadEventsResponse>('GET', `/sessions/${id}/events?${query}`);
      expect(body.reset).toMatchObject({ streamId });
      const rest = await place().rest.events(id, body.next);
      const state = [...body.events, ...rest.events]
        .map(parseEvent)
        .reduce<SessionState>(reduce, body.reset ?? initialState(id));
      const { body: now } = await place().rest.ask('GET', `/sessions/${id}?at=${rest.next}`);
      expect(now).toMatchObject({ session: state.session, conversation: state.conversation });
      expect(rest.next).toBe(rest.head);
    }
  });

  it('find in the store the session as its events tell it [LAW-04-record-is-projection] [SAFE-principal]', async () => {
    const { id, turn } = await place().session({
      request: { architecture: 'scripted', name: 'A name', metadata: { kind: 'test' } },
    });
    await turn('say hello');
    const { session, seq } = await place().rest.get(id);
    const [row] = place().store.query<Record<string, unknown>>(
      'SELECT * FROM agent_sessions WHERE session_id = ?',
      id,
    );
    expect(row).toMatchObject({
      name: 'A name',
      status: 'idle',
      principal: session.principal,
      architecture: 'scripted',
    });
    expect(session.principal).not.toBe('');
    expect(row?.as_of_seq).toBeLessThanOrEqual(seq);
  });
});
