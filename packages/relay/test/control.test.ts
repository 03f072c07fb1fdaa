import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  connectControl,
  createRelay,
  fingerprintOf,
  RELAY_NAME,
  RELAY_VERSION,
  relayPlaces,
} from '../src/index.ts';
import { ask, errorOf } from './support/ask.ts';
import { KEY, makeFolder, startRelay, startUpstream } from './support/scene.ts';

async function startBareRelay(orphanTtlMs?: number) {
  const directory = await makeFolder();
  const relay = createRelay({ directory, orphanTtlMs });
  onTestFinished(() => relay.close());
  await relay.listen();
  return { relay, directory, places: relayPlaces(directory) };
}

describe('the control connection', () => {
  it('greets with name, version and process', async () => {
    const { places } = await startBareRelay();
    const control = await connectControl({ path: places.control });
    expect(control.hello).toEqual({
      type: 'hello',
      name: RELAY_NAME,
      version: RELAY_VERSION,
      pid: process.pid,
      fingerprint: null,
    });
    control.close();
  });

  it('gives the keys; before that sandboxes are told to try again', async () => {
    const { places } = await startBareRelay();
    const answer = await ask(places.relay, { token: 'any' });
    expect(errorOf(answer)).toMatchObject({ status: 503, code: 'not_configured' });
    expect(answer.headers['retry-after']).toBe('1');
  });

  it('tells a later server whether the relay has the configuration that it wants', async () => {
    const { places } = await startBareRelay();
    const first = await connectControl({ path: places.control });
    const settings = {
      secret: randomBytes(32).toString('base64'),
      upstreams: { anthropic: { baseUrl: 'https://example.com', apiKey: KEY } },
    };
    await first.configure(settings);
    first.close();
    const second = await connectControl({ path: places.control });
    expect(second.hello.fingerprint).toBe(fingerprintOf(settings));
    const other = {
      ...settings,
      upstreams: { anthropic: { ...settings.upstreams.anthropic, apiKey: `${KEY}2` } },
    };
    expect(second.hello.fingerprint).not.toBe(fingerprintOf(other));
    second.close();
  });

  it('refuses a configuration that is none, without repeating it', async () => {
    const { control } = await startRelay('http://127.0.0.1:9');
    const wrong = control.configure({
      secret: 'c2hvcnQ=',
      upstreams: { anthropic: { baseUrl: 'no URL', apiKey: KEY } },
    });
    await expect(wrong).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(wrong).rejects.not.toThrow(KEY);
  });

  it('replaces the keys for the requests to come', async () => {
    const [first, second] = await Promise.all(
      ['first', 'second'].map((name) => startUpstream((_, response) => void response.end(name))),
    );
    const { socket, control, secret, token } = await startRelay(first as string);
    expect((await ask(socket, { token: token() })).body).toBe('first');
    await control.configure({
      secret: secret.toString('base64'),
      upstreams: { anthropic: { baseUrl: second as string, apiKey: KEY } },
    });
    expect((await ask(socket, { token: token() })).body).toBe('second');
  });

  it('ends the relay', async () => {
    const { places, relay } = await startBareRelay();
    const control = await connectControl({ path: places.control });
    await control.stop();
    await relay.closed;
    await control.closed;
    await expect(connectControl({ path: places.control })).rejects.toMatchObject({ code: 'connection_lost' });
  });

  it('is for the own user alone; the socket of the sandboxes is for everybody', async () => {
    const { places, directory } = await startBareRelay();
    const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    expect(
      await Promise.all([directory, places.control, places.publicFolder, places.relay].map(mode)),
    ).toEqual(['711', '600', '755', '666']);
  });

  it('is refused to what is no relay, and given up when nothing is said', async () => {
    const folder = await makeFolder();
    const path = join(folder, 'other.sock');
    const other = createServer((socket) => void socket.on('error', () => {}).write('{"hello":"you"}\n'));
    other.listen(path);
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    await expect(connectControl({ path })).rejects.toMatchObject({ code: 'protocol_error' });

    const silent = createServer();
    silent.listen(join(folder, 'silent.sock'));
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    await expect(connectControl({ path: join(folder, 'silent.sock'), timeoutMs: 50 })).rejects.toMatchObject({
      code: 'timeout',
    });
  });
});

describe('a relay', () => {
  it('is alone in its folder', async () => {
    const { directory, places } = await startBareRelay();
    await expect(createRelay({ directory }).listen()).rejects.toMatchObject({ code: 'already_exists' });
    const control = await connectControl({ path: places.control });
    control.close();
  });

  it('says so when the path of its folder is too long', async () => {
    const directory = join(await makeFolder(), 'x'.repeat(90));
    await expect(createRelay({ directory }).listen()).rejects.toMatchObject({
      code: 'invalid_configuration',
    });
  });

  it('that is closed while it begins to listen does not go on', async () => {
    const directory = await makeFolder();
    const relay = createRelay({ directory });
    const listening = relay.listen();
    await Promise.all([relay.close(), listening]);
    await expect(connectControl({ path: relayPlaces(directory).control })).rejects.toMatchObject({
      code: 'connection_lost',
    });
  });

  it('ends by itself when no server has been connected for the orphan TTL', async () => {
    const { relay, places } = await startBareRelay(100);
    const control = await connectControl({ path: places.control });
    control.close();
    await relay.closed;
  });
});
