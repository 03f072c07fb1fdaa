import { get } from 'node:http';
import type { Follow, FollowItem } from '@hhopkins/agent-core';
import { createScriptedEngine, type ScriptedEngine } from '@hhopkins/agent-testkit/transport';
import { Hono } from 'hono';
import { afterEach, expect, test, vi } from 'vitest';
import { createHttpTransport, createNodeServer, type HttpTransportOptions } from '../src/index.ts';
import { serve } from './serve.ts';

let script: ScriptedEngine;

function transportOf(options: Partial<HttpTransportOptions> = {}) {
  script = createScriptedEngine();
  script.addSession('s', 1);
  return createHttpTransport({ engine: script.engine, ...options });
}

afterEach(() => script.engine.stop());

const asStream = { headers: { accept: 'text/event-stream' } };

test('a request that the engine does not answer is answered with timeout', async () => {
  const { app } = transportOf({ limits: { requestMs: 20 } });
  script.replace('get', () => new Promise<never>(() => {}));
  const answer = await app.request('/sessions/s');
  expect(answer.status).toBe(504);
  expect(await answer.json()).toMatchObject({ code: 'timeout' });
});

test('health answers without the list of agents when that takes long', async () => {
  const { app } = transportOf({ limits: { healthMs: 20 } });
  Object.assign(script.engine, { architectures: () => new Promise<never>(() => {}) });
  const answer = await app.request('/health');
  expect(await answer.json()).toMatchObject({ status: 'ok', architectures: [] });
});

test('event streams are limited, and a place that is given back can be taken', async () => {
  const { app } = transportOf({ limits: { eventStreams: 1 } });
  const first = await app.request('/sessions/s/events', asStream);
  const refused = await app.request('/sessions/s/events', asStream);
  expect(await refused.json()).toMatchObject({ code: 'capacity', status: 429 });
  await first.body?.cancel();
  expect((await app.request('/sessions/s/events', asStream)).status).toBe(200);
  expect((await app.request('/sessions/nobody/events', asStream)).status).toBe(429);
});

test('an event stream that could not be opened gives its place back', async () => {
  const { app } = transportOf({ limits: { eventStreams: 1 } });
  expect((await app.request('/sessions/nobody/events', asStream)).status).toBe(404);
  expect((await app.request('/sessions/s/events', asStream)).status).toBe(200);
});

test('a silent event stream carries comments, so that proxies keep it', async () => {
  const { app } = transportOf({ limits: { heartbeatMs: 10 } });
  const { body } = await app.request('/sessions/s/events', asStream);
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('\n\n: ')) text += (await reader?.read())?.value ?? '';
  await reader?.cancel();
});

test('an event stream whose reader takes nothing for long is ended', async () => {
  script = createScriptedEngine();
  script.addSession('s', 1);
  const server = await serve(script.engine, {}, { limits: { heartbeatMs: 10, stallMs: 50 } });
  const answer = await fetch(`${server.url}/sessions/s/events?after=0`, asStream);
  script.emit('s', 3_000, 10_000);
  await vi.waitFor(() => expect(script.followers).toBe(0), { timeout: 10_000 });
  await answer.body?.cancel().catch(() => {});
  await server.close();
});

test('a reader that takes nothing is not read ahead for: what it does not take stays in the log', async () => {
  const [count, size] = [600, 200_000];
  let handedOver = 0;
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  async function* items(): AsyncGenerator<FollowItem, void, undefined> {
    try {
      yield { type: 'subscribed', streamId: 'stream', seq: 0 };
      for (let seq = 1; seq <= count; seq += 1) {
        handedOver += size;
        const context = { sessionId: 's', conversationId: 'main', source: 'engine', timestamp } as const;
        yield {
          type: 'events',
          events: [{ seq, type: 'log', payload: { level: 'info', message: 'x'.repeat(size) }, context }],
        };
      }
    } finally {
      end();
    }
  }
  script = createScriptedEngine();
  const follow = (): Follow => ({ [Symbol.asyncIterator]: items, close: () => {} });
  const engine = { ...script.engine, sessions: { ...script.engine.sessions, follow } };
  const server = await serve(engine, {}, { limits: { heartbeatMs: 50, stallMs: 500 } });
  const request = get(`${server.url}/sessions/s/events?after=0`, asStream, (answer) => answer.pause());
  request.on('error', () => {});
  await ended;
  // The operating system takes some megabytes by itself.
  expect(handedOver).toBeLessThan((count * size) / 3);
  request.destroy();
  await server.close();
});

const timestamp = '2026-01-01T00:00:00.000Z';

test('faults of our own are logged under the id that the client got', async () => {
  const logged: unknown[] = [];
  const { app } = transportOf({ logger: { log: (level, _, fields) => logged.push([level, fields]) } });
  const fault = new Error('secret');
  script.replace('get', () => Promise.reject(fault));
  const { instance } = (await (await app.request('/sessions/s')).json()) as { instance: string };
  expect(logged).toEqual([
    ['error', { id: instance.replace('urn:uuid:', ''), code: 'internal', error: fault }],
  ]);
});

test('metrics of other parts stand beside those of the engine; names that are none are left out', async () => {
  const { app } = transportOf({
    metrics: () => ({ sockets: 2, 'no name': 1, 'x{a="b"}': Number.POSITIVE_INFINITY }),
  });
  const text = await (await app.request('/metrics')).text();
  expect(text).toContain('# TYPE sockets gauge\nsockets 2\n');
  expect(text).toContain('x{a="b"} +Inf');
  expect(text).not.toContain('no name');
});

test('health says what the assembler knows, and when the engine stops', async () => {
  const { app } = transportOf({ healthInfo: { version: '1.2.3', store: 'sqlite' } });
  script.setStatus({ stopping: true, ready: false });
  expect(await (await app.request('/health')).json()).toMatchObject({
    status: 'stopping',
    version: '1.2.3',
    store: 'sqlite',
  });
  expect(await (await app.request('/ready')).json()).toMatchObject({ code: 'shutting_down' });
});

test('the app can be mounted in another one', async () => {
  const outer = new Hono().mount('/agents', transportOf().app.fetch);
  expect(await (await outer.request('/agents/sessions/s')).json()).toMatchObject({
    session: { sessionId: 's' },
  });
  expect(await (await outer.request('/agents/nowhere')).json()).toMatchObject({ code: 'not_found' });
  expect((await outer.request('/agents/health')).status).toBe(200);
});

test('making a transport and its server does nothing yet', () => {
  expect(createNodeServer(transportOf()).listening).toBe(false);
});
