import { createAgentClient } from '@hhopkins/agent-client/core';
import { createScriptedEngine } from '@hhopkins/agent-testkit/transport';
import { describe, onTestFinished } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { serve } from './support/serve.ts';
import { expect, isOpen, SHORT, SOCKETS, test } from './support/test.ts';

const KEY = 'the-(right)-key/+=';

async function serveWithKey() {
  const script = createScriptedEngine();
  script.addSession('s', 3);
  const server = await serve(script.engine, { apiKey: KEY });
  onTestFinished(async () => {
    await script.engine.stop();
    await server.close();
  });
  return { script, url: server.url };
}

const WAYS = [...SOCKETS, { name: 'server-sent events', WebSocket: false }] as const;

describe.each(WAYS)('over $name', ({ WebSocket }) => {
  const open = (url: string, how: { apiKey?: string; getToken?: () => Promise<string> }) => {
    const client = createAgentClient({ url, WebSocket, connection: SHORT, ...how });
    onTestFinished(() => client.close());
    return client;
  };

  test('the right key is let in', async () => {
    const { url } = await serveWithKey();
    const client = open(url, { apiKey: KEY });
    client.session('s').subscribe(() => {});
    await eventually('a connection', isOpen(client));
    expect((await client.sessions.get('s')).seq).toBe(4);
  });

  test('a wrong key is told so, once, and what waits for it rejects', async () => {
    const { url } = await serveWithKey();
    const client = open(url, { apiKey: 'wrong' });
    const answer = client.session('s').send('hello');
    await expect(answer).rejects.toMatchObject({ code: 'unauthorized' });
    expect(client.connection.getSnapshot()).toMatchObject({
      state: 'unauthorized',
      error: { code: 'unauthorized', status: 401 },
    });
    await expect(client.session('s').send('again')).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(client.sessions.list()).rejects.toMatchObject({ code: 'unauthorized' });
  });

  test('a key that ran out is replaced by asking for another', async () => {
    const { url } = await serveWithKey();
    const given = ['ran out', KEY];
    const client = open(url, { getToken: async () => given.shift() ?? KEY });
    client.session('s').subscribe(() => {});
    await eventually('a connection', isOpen(client));
    expect(given).toEqual([]);
  });

  test('when the user has signed in again, reconnecting takes the new key', async () => {
    const { url } = await serveWithKey();
    let key = 'signed out';
    const client = open(url, { getToken: async () => key });
    client.session('s').subscribe(() => {});
    await eventually(
      'a refusal',
      () => client.connection.getSnapshot().state === 'unauthorized' || undefined,
    );
    key = KEY;
    client.reconnect();
    await eventually('a connection', isOpen(client));
  });
});
