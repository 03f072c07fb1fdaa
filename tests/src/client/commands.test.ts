import { AgentServerError } from '@hhopkins/agent-protocol';
import { describe } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { converged, expect, isOpen, type Place, test, witness } from './support/test.ts';

const TRANSPORTS = [
  { name: 'a WebSocket', WebSocket: undefined },
  { name: 'server-sent events', WebSocket: false },
] as const;

const contentsOf = ({ script }: Place, sessionId: string) =>
  script
    .stream(sessionId)
    .snapshot()
    .session.queue.map(({ content }) => content);

describe.each(TRANSPORTS)('over $name', ({ WebSocket }) => {
  test('messages are done in the order they were sent', async ({ place }) => {
    place.script.addSession('s');
    const session = place.client({ WebSocket }).session('s');
    const contents = ['one', 'two', 'three', 'four'];
    const answers = await Promise.all(contents.map((content) => session.send(content)));
    expect(contentsOf(place, 's')).toEqual(contents);
    expect(answers.map(({ messageId }) => messageId)).toEqual(
      place.script
        .stream('s')
        .snapshot()
        .session.queue.map(({ messageId }) => messageId),
    );
  });

  test('a message whose answer is lost is sent again, and done once', async ({ place }) => {
    place.script.addSession('s');
    const client = place.client({ WebSocket });
    witness(client, 's');
    await converged(client, place, 's');
    place.proxy.delayMs = 50;
    const answer = client.session('s').send('hello');
    await eventually('the message at the server', () => place.script.calls.length > 0 || undefined);
    place.proxy.cut();
    place.proxy.delayMs = 0;
    const { messageId } = await answer;
    expect(contentsOf(place, 's')).toEqual(['hello']);
    expect(place.script.stream('s').snapshot().session.queue[0]?.messageId).toBe(messageId);
  });

  test('a message is shown at once, and once only, whatever comes first of answer and event', async ({
    place,
  }) => {
    place.script.addSession('s');
    const client = place.client({ WebSocket });
    const session = client.session('s');
    const shown: number[] = [];
    session.subscribe(() => {
      const { optimistic, session: record } = session.getSnapshot();
      shown.push(optimistic.length + (record?.queue.length ?? 0));
    });
    await converged(client, place, 's');
    shown.length = 0;
    const answer = session.send('hello');
    expect(session.getSnapshot().optimistic).toMatchObject([{ content: 'hello', status: 'sending' }]);
    await answer;
    await converged(client, place, 's');
    expect(session.getSnapshot().optimistic).toEqual([]);
    expect(new Set(shown)).toEqual(new Set([1]));
  });

  test('what the server refuses rejects with its code, and the message shows that it failed', async ({
    place,
  }) => {
    place.script.addSession('s');
    place.script.replace('sendMessage', () => {
      throw new AgentServerError('queue_full', 'The queue is full.', { details: { position: 101 } });
    });
    const session = place.client({ WebSocket }).session('s');
    const answer = session.send('hello', { id: 'c1' });
    await expect(answer).rejects.toMatchObject({
      code: 'queue_full',
      status: 429,
      details: { position: 101 },
    });
    expect(session.getSnapshot().optimistic).toMatchObject([
      { status: 'failed', error: { code: 'queue_full' } },
    ]);

    place.script.replace('sendMessage', undefined);
    await session.send('hello', { id: 'c1' });
    expect(session.getSnapshot().optimistic).toEqual([]);
  });

  test('a fault that passes is waited out', async ({ place }) => {
    place.script.addSession('s');
    let refusals = 2;
    place.script.replace('sendMessage', async () => {
      refusals -= 1;
      if (refusals >= 0) throw new AgentServerError('store_unavailable', 'The store is away.');
      return undefined as never;
    });
    const session = place.client({ WebSocket }).session('s');
    await Promise.all([session.send('one'), session.send('two')]);
    expect(contentsOf(place, 's')).toEqual(['one', 'two']);
  });

  test('asks are answered, turns interrupted', async ({ place }) => {
    place.script.addSession('s');
    const ask = { conversationId: 'main', toolName: 'shell', input: {} };
    place.script.emit('s', [
      { type: 'permission:requested', payload: { requestId: 'p1', ...ask } },
      {
        type: 'question:requested',
        payload: { requestId: 'q1', conversationId: 'main', questions: [{ question: 'Why?', options: [] }] },
      },
    ]);
    const session = place.client({ WebSocket }).session('s');
    await session.answerPermission('p1', { decision: 'allow' });
    await session.answerQuestion('q1', { answers: { 'Why?': 'Because.' } });
    await session.interrupt();
    expect(place.script.stream('s').snapshot().session.resolved).toEqual([
      { requestId: 'p1', outcome: 'allow' },
      { requestId: 'q1', outcome: 'answered' },
    ]);
    await expect(session.answerPermission('p1', { decision: 'deny' })).rejects.toMatchObject({
      code: 'request_not_found',
    });
  });
});

test('a message that nobody answers is given up at its deadline', async ({ place }) => {
  place.script.addSession('s');
  place.proxy.behaviour = 'blackhole';
  const session = place.client().session('s');
  await expect(session.send('hello', { deadlineMs: 100 })).rejects.toMatchObject({ code: 'timeout' });
  expect(session.getSnapshot().optimistic).toMatchObject([{ status: 'failed', error: { code: 'timeout' } }]);
});

test('a message that is too large is refused before it can break the connection', async ({ place }) => {
  place.script.addSession('s');
  const client = place.client();
  witness(client, 's');
  await eventually('a connection', isOpen(client));
  const answer = client.session('s').send('x'.repeat(20 * 1024 * 1024));
  await expect(answer).rejects.toMatchObject({ code: 'payload_too_large' });
  expect(place.proxy.upgrades).toBe(1);
});

test('what is outstanding rejects when the client is closed', async ({ place }) => {
  place.script.addSession('s');
  place.proxy.behaviour = 'blackhole';
  const client = place.client();
  const answer = client.session('s').send('hello');
  client.close();
  await expect(answer).rejects.toMatchObject({ code: 'connection_lost' });
  await expect(client.session('s').send('late')).rejects.toMatchObject({ code: 'connection_lost' });
});
