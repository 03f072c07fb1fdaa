import { type AgentClient, createAgentClient } from '@hhopkins/agent-client/core';
import { expect, test } from './support/test.ts';

/** Every function of the client that is one route. */
const calls = (client: AgentClient): Promise<unknown>[] => {
  const { sessions, server } = client;
  return [
    sessions.create({ architecture: 'scripted' }),
    sessions.list({ limit: 1 }),
    sessions.get('s', { at: 1 }),
    sessions.update('s', { name: 'new' }),
    sessions.sendMessage('s', { content: 'hello' }),
    sessions.cancelMessage('s', 'm1'),
    sessions.interrupt('s'),
    sessions.answerPermission('s', 'p1', { decision: 'allow' }),
    sessions.answerQuestion('s', 'q1', { answers: {} }),
    sessions.sync('s'),
    sessions.wake('s'),
    sessions.readEvents('s', { after: 1 }),
    sessions.transcript('s', { subagentId: 'a' }),
    sessions.files('s'),
    sessions.readFile('s', 'folder/a file.txt'),
    sessions.writeFile('s', 'folder/a file.txt', 'content'),
    sessions.deleteFile('s', 'folder/a file.txt'),
    sessions.workspaceArchive('s'),
    sessions.delete('s', { purge: true }),
    server.profiles(),
    server.architectures(),
    server.health(),
    server.ready(),
    server.metrics(),
    server.openapi(),
    server.docs(),
  ];
};

/** The paths that the contract describes, as patterns. */
const pathOf = (path: string) =>
  path
    .replace(/\/sessions\/s(?=\/|$)/, '/sessions/{sessionId}')
    .replace(/\/files\/.+$/, '/files/{path}')
    .replace(/\/messages\/m1$/, '/messages/{messageId}')
    .replace(/\/(permissions|questions)\/[pq]1$/, '/$1/{requestId}');

test('the client has every route of the contract, and no other', async ({ place }) => {
  const document = await place.client().server.openapi();
  const described = Object.entries(document.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const called: string[] = [];
  const client = createAgentClient({
    url: 'http://server.test/',
    fetch: async (url, { method }) => {
      called.push(`${method} ${pathOf(decodeURIComponent(new URL(url).pathname))}`);
      return new Response('{}');
    },
  });
  await Promise.allSettled(calls(client));
  client.close();
  expect(called.toSorted()).toEqual(described.toSorted());
});

test('a life of a session, over REST alone', async ({ place }) => {
  const { sessions } = place.client();
  const { sessionId } = await sessions.create({ architecture: 'scripted' });
  const sent = await sessions.sendMessage(sessionId, { content: 'hello' }, { idempotencyKey: 'k1' });
  const again = await sessions.sendMessage(sessionId, { content: 'hello' }, { idempotencyKey: 'k1' });
  expect(again).toEqual(sent);
  expect((await sessions.get(sessionId)).session.queue).toMatchObject([{ messageId: sent.messageId }]);
  await sessions.cancelMessage(sessionId, sent.messageId);

  const path = 'a folder/ünï & ?#%.txt';
  await sessions.writeFile(sessionId, path, 'Grüße');
  expect((await sessions.files(sessionId)).map((file) => file.path)).toEqual([path]);
  const file = await sessions.readFile(sessionId, path);
  expect(new TextDecoder().decode(file.content)).toBe('Grüße');
  expect(file.hash).toMatch(/^[0-9a-f]{64}$/);
  await sessions.deleteFile(sessionId, path);

  const { events, head } = await sessions.readEvents(sessionId, { after: 1, limit: 1 });
  expect([events.map(({ seq }) => seq), head]).toEqual([[2], 3]);
  await sessions.delete(sessionId, { purge: true });
  await expect(sessions.get(sessionId)).rejects.toMatchObject({ code: 'session_not_found', status: 404 });
});

test('what is malformed rejects with what is wrong where', async ({ place }) => {
  const wrong = { architecture: 7 } as unknown as { architecture: string };
  await expect(place.client().sessions.create(wrong)).rejects.toMatchObject({
    code: 'invalid_request',
    status: 400,
    issues: [{ path: 'architecture' }],
  });
});

test('a request that nobody answers ends at its deadline, or when its caller gives it up', async ({
  place,
}) => {
  place.proxy.behaviour = 'blackhole';
  const { sessions } = place.client();
  await expect(sessions.list({}, { deadlineMs: 50 })).rejects.toMatchObject({ code: 'timeout' });
  const reason = new Error('I have left.');
  const controller = new AbortController();
  const answer = sessions.list({}, { signal: controller.signal });
  controller.abort(reason);
  await expect(answer).rejects.toBe(reason);
});

test('a server that is not there is a lost connection', async ({ place }) => {
  place.proxy.behaviour = 'refuse';
  await expect(place.client().server.health()).rejects.toMatchObject({ code: 'connection_lost' });
});
