import { LIMITS } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { textOf } from '../harness/blocks.ts';
import { TOGETHER } from '../harness/deadline.ts';
import { sharedPlace } from '../harness/shared-place.ts';

describe('messages', TOGETHER, () => {
  const place = sharedPlace({ agent: 'scripted' });
  const messageRoute = (id: string) => `/sessions/${id}/message`;

  it('of the same key run once and are answered alike [LAW-07-same-key-once]', async () => {
    const { id, seen } = await place().session();
    const answers = await Promise.all([1, 2, 3].map(() => place().rest.send(id, 'say once', 'key-1')));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    await seen.untilEnded(answers[0]?.turnId ?? '');
    const { turnId } = await place().rest.send(id, 'say twice');
    await seen.untilEnded(turnId);
    expect(textOf(seen.state().conversation.blocks)).toBe('once\ntwice');
  });

  it('of the same key and another body are refused [LAW-07-other-body-refused]', async () => {
    const { id } = await place().session();
    await place().rest.send(id, 'say one', 'key-1');
    const answer = await place().rest.ask(
      'POST',
      messageRoute(id),
      { content: 'say two' },
      { 'idempotency-key': 'key-1' },
    );
    expect(answer).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('sent three at once run as three turns, in order [LAW-07-turns-in-order]', async () => {
    const { id, seen } = await place().session();
    const sent = await Promise.all(
      ['a', 'b', 'c'].map((word) => place().rest.send(id, `text 20\nsay ${word}`)),
    );
    for (const { turnId } of sent) await seen.untilEnded(turnId);

    const marks = seen.events.flatMap((event) =>
      event.type === 'turn:queued' || event.type === 'turn:started' || event.type === 'turn:completed'
        ? [{ type: event.type, turnId: event.payload.turnId }]
        : [],
    );
    const queued = marks.filter(({ type }) => type === 'turn:queued').map(({ turnId }) => turnId);
    expect([...queued].sort()).toEqual(sent.map(({ turnId }) => turnId).sort());
    expect(marks.filter(({ type }) => type !== 'turn:queued')).toEqual(
      queued.flatMap((turnId) => [
        { type: 'turn:started', turnId },
        { type: 'turn:completed', turnId },
      ]),
    );
  });

  it('that still wait can be withdrawn [LIFE-cancel-queued]', async () => {
    const { id, seen } = await place().session();
    const first = await place().rest.send(id, 'text 200 40');
    const second = await place().rest.send(id, 'say never');
    await seen.until('block:delta');
    const { status } = await place().rest.ask('DELETE', `/sessions/${id}/messages/${second.messageId}`);
    expect(status).toBe(200);
    await seen.until('turn:cancelled', ({ payload }) => payload.messageId === second.messageId);
    await place().rest.ask('POST', `/sessions/${id}/interrupt`, {});
    await seen.untilEnded(first.turnId);
    const last = await place().rest.send(id, 'say last');
    await seen.untilEnded(last.turnId);
    expect(textOf(seen.state().conversation.blocks)).not.toContain('never');
  });

  it('that displace a turn interrupt it and run next', async () => {
    const { id, seen } = await place().session();
    const first = await place().rest.send(id, 'text 2000 40');
    await seen.until('block:delta');
    const second = await place().rest.send(id, { content: 'say urgent', delivery: 'interrupt' });
    expect((await seen.untilEnded(first.turnId)).type).toBe('turn:interrupted');
    expect((await seen.untilEnded(second.turnId)).type).toBe('turn:completed');
  });

  it('over the limit of the queue are refused with their place, and none is dropped [BOUND-queue-full]', async () => {
    const { id, seen } = await place().session();
    await place().rest.send(id, 'text 100000 40');
    await seen.until('turn:started');
    const answers = await Promise.all(
      Array.from({ length: LIMITS.queuedTurns + 1 }, () =>
        place().rest.ask('POST', messageRoute(id), { content: 'say waited' }),
      ),
    );
    const refused = answers.filter(({ status }) => status !== 202);
    expect(refused).toEqual([
      expect.objectContaining({
        status: 429,
        body: expect.objectContaining({ code: 'queue_full', position: LIMITS.queuedTurns }),
      }),
    ]);
    expect((await place().rest.get(id)).session.queue).toHaveLength(LIMITS.queuedTurns);
  });

  it('an interrupt of a turn that ended leaves the next alone [LAW-07-interrupt-names-turn]', async () => {
    const { id, seen } = await place().session();
    const first = await place().rest.send(id, 'say first');
    await seen.untilEnded(first.turnId);
    const second = await place().rest.send(id, 'text 30 40');
    await seen.until('block:delta');
    const late = await place().rest.ask('POST', `/sessions/${id}/interrupt`, { turnId: first.turnId });
    expect(late).toMatchObject({ status: 409, body: { code: 'not_running' } });
    expect((await seen.untilEnded(second.turnId)).type).toBe('turn:completed');
  });

  it('say how long they last: until any process dies, with a store [LAW-07-stored-before-ack]', async () => {
    const { id } = await place().session();
    const { durability, messageId, turnId } = await place().rest.send(id, 'say kept');
    expect(durability).toBe('store');
    const rows = place().store.query<{ result: string }>(
      'SELECT result FROM agent_commands WHERE session_id = ?',
      id,
    );
    expect(rows.map(({ result }) => JSON.parse(result))).toContainEqual(
      expect.objectContaining({ messageId, turnId }),
    );
  });
});
