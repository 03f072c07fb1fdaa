import { once } from 'node:events';
import { createScriptedEngine, openSocket, type ScriptedEngine } from '@hhopkins/agent-testkit/transport';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { WebSocketTransportOptions } from '../src/index.ts';
import { type RunningTransport, serve } from './serve.ts';

let script: ScriptedEngine;
let server: RunningTransport;

async function start(options: Partial<WebSocketTransportOptions>, apiKey?: string): Promise<void> {
  script = createScriptedEngine();
  script.addSession('s', 1);
  server = await serve(script.engine, apiKey === undefined ? {} : { apiKey }, options);
}

afterEach(async () => {
  await server.close();
  await script.engine.stop();
});

const connections = () => server.transport.metrics().agent_server_websocket_connections;

describe('a stopping server', () => {
  test('sends its clients away to reconnect, and takes no new ones', async () => {
    await start({});
    const socket = await openSocket(server.url);
    const closing = server.transport.close();
    expect(await socket.closed).toMatchObject({ code: 1012 });
    await closing;
    expect(connections()).toBe(0);
  });

  test('does not wait for a client that never answers', async () => {
    await start({ limits: { closeMs: 50 } });
    const socket = await openSocket(server.url);
    socket.pause();
    await server.transport.close();
    expect(connections()).toBe(0);
    socket.drop();
  });
});

describe('a client', () => {
  test('that does not say its key in time is closed with 4401', async () => {
    await start({ limits: { authMs: 20 } }, 'secret');
    const socket = await openSocket(server.url, { ready: false });
    expect(await socket.next()).toMatchObject({ type: 'error', error: { code: 'unauthorized' } });
    expect(await socket.closed).toMatchObject({ code: 4401 });
  });

  test('that answers pings lives on while it says nothing', async () => {
    await start({ limits: { heartbeatMs: 20 } });
    const client = new WebSocket(server.url.replace('http', 'ws'));
    for (let pings = 0; pings < 4; pings += 1) await once(client, 'ping');
    expect(client.readyState).toBe(WebSocket.OPEN);
    client.terminate();
  });

  test('that is dead is let go', async () => {
    await start({ limits: { heartbeatMs: 20 } });
    const client = new WebSocket(server.url.replace('http', 'ws'), { autoPong: false });
    const [code] = await once(client, 'close');
    expect(code).toBe(1006);
    await vi.waitFor(() => expect(connections()).toBe(0));
  });

  test('that takes nothing for long is closed as too slow', async () => {
    await start({ limits: { heartbeatMs: 20, stallMs: 100, lagMs: 20, closeMs: 50 } });
    const socket = await openSocket(server.url);
    socket.send({ type: 'subscribe', sessionId: 's', after: 0 });
    await socket.nextOf('events');
    socket.pause();
    script.emit('s', 3_000, 10_000);
    await vi.waitFor(() => expect(connections()).toBe(0), { timeout: 10_000 });
    socket.drop();
  });

  test('that sends too many frames is told so, and served again later', async () => {
    await start({ limits: { framesPerSecond: 5 } });
    const socket = await openSocket(server.url);
    for (let frames = 0; frames < 50; frames += 1) socket.send({ type: 'ping' });
    socket.send({ type: 'interrupt', id: 'c', sessionId: 's' });
    const refused = await socket.nextOf('error');
    expect(refused).toMatchObject({ id: 'c', error: { code: 'rate_limited', status: 429 } });
    await vi.waitFor(
      async () => {
        socket.send({ type: 'interrupt', id: 'd', sessionId: 's' });
        expect((await socket.next()).type).toBe('ack');
      },
      { timeout: 5_000 },
    );
    socket.drop();
  });

  test('that sends more commands than may wait is told so for each of those beyond', async () => {
    await start({ limits: { commands: 2 } });
    const socket = await openSocket(server.url);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    script.replace('interrupt', () => held as Promise<never>);
    for (const id of ['a', 'b', 'c']) socket.send({ type: 'interrupt', id, sessionId: 's' });
    expect(await socket.next()).toMatchObject({ type: 'error', id: 'c', error: { code: 'rate_limited' } });
    release();
    expect(await socket.next()).toMatchObject({ type: 'ack', id: 'a' });
    expect(await socket.next()).toMatchObject({ type: 'ack', id: 'b' });
    socket.drop();
  });

  test('whose command takes too long is told so, and the next one is done', async () => {
    await start({ limits: { commandMs: 20 } });
    const socket = await openSocket(server.url);
    script.replace('interrupt', () => new Promise<never>(() => {}));
    socket.send({ type: 'interrupt', id: 'a', sessionId: 's' });
    socket.send({ type: 'message', id: 'b', sessionId: 's', content: 'hello' });
    expect(await socket.next()).toMatchObject({ type: 'error', id: 'a', error: { code: 'timeout' } });
    expect(await socket.next()).toMatchObject({ type: 'ack', id: 'b' });
    socket.drop();
  });

  test('that is one too many is refused before the upgrade', async () => {
    await start({ limits: { connections: 1 } });
    const socket = await openSocket(server.url);
    await expect(openSocket(server.url)).rejects.toMatchObject({ status: 429 });
    socket.drop();
  });

  test('that does not say its key leaves room for those that do', async () => {
    await start({ limits: { strangers: 1 } }, 'secret');
    const stranger = await openSocket(server.url, { ready: false });
    await expect(openSocket(server.url, { ready: false })).rejects.toMatchObject({ status: 429 });
    const known = new WebSocket(server.url.replace('http', 'ws'), {
      headers: { authorization: 'Bearer secret' },
    });
    await once(known, 'open');
    known.terminate();
    stranger.drop();
  });

  test('with a frame beyond all measure is closed, the others are not', async () => {
    await start({ limits: { frameBytes: 1_000, hardFrameBytes: 2_000 } });
    const other = await openSocket(server.url);
    const socket = await openSocket(server.url);
    socket.sendRaw('x'.repeat(1_500));
    expect(await socket.nextOf('error')).toMatchObject({ error: { code: 'payload_too_large' } });
    socket.sendRaw('x'.repeat(3_000));
    expect(await socket.closed).toMatchObject({ code: 1009 });
    other.send({ type: 'ping' });
    await other.nextOf('pong');
    other.drop();
  });
});

test('upgrades at other paths are left to the other listeners of the server', async () => {
  await start({ paths: ['/agents'] });
  (await openSocket(server.url, { path: '/agents' })).drop();
  await expect(openSocket(server.url, { path: '/ws' })).rejects.toMatchObject({ status: 404 });
});
