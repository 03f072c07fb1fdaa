import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { signToken } from '../src/index.ts';
import { ask, errorOf, open } from './support/ask.ts';
import { startRelay, startUpstream } from './support/scene.ts';

/** An upstream that must not be reached, and says so when it is. */
const forbidden = () => startUpstream((_request, response) => void response.writeHead(200).end('reached'));
const MINUTE_MS = 60_000;

// [SAFE-relay-tokens]
describe('a token', () => {
  it('is required', async () => {
    const { socket } = await startRelay(await forbidden());
    expect(errorOf(await ask(socket, {}))).toEqual({
      status: 401,
      type: 'authentication_error',
      code: 'token_missing',
      message: 'Send the token of your session as x-api-key or Authorization: Bearer.',
    });
  });

  it('is refused when another secret signed it', async () => {
    const { socket } = await startRelay(await forbidden());
    const other = await startRelay(await forbidden());
    expect(errorOf(await ask(socket, { token: other.token() }))).toMatchObject({
      status: 401,
      code: 'token_invalid',
    });
  });

  it('is refused when its claims were changed', async () => {
    const { socket, token } = await startRelay(await forbidden());
    const [prefix, , signature] = token().split('.');
    const [, claims] = token({ sessionId: 'session-2' }).split('.');
    expect(errorOf(await ask(socket, { token: `${prefix}.${claims}.${signature}` }))).toMatchObject({
      code: 'token_invalid',
    });
  });

  it('is refused once it has expired', async () => {
    const { socket, token } = await startRelay(await forbidden());
    const answer = await ask(socket, { token: token({ expiresAt: Date.now() - 1 }) });
    expect(errorOf(answer)).toMatchObject({ status: 401, code: 'token_expired' });
    expect(answer.headers['x-should-retry']).toBe('false');
  });

  it('is refused once it was revoked, and those of other sessions and later ones are not', async () => {
    const { socket, token, control } = await startRelay(
      await startUpstream((_, response) => void response.end('ok')),
    );
    const status = async (sessionId: string, issuedAt: number) =>
      (await ask(socket, { token: token({ sessionId, issuedAt }) })).status;
    expect(await status('a', 100)).toBe(200);
    await control.revoke({ sessionId: 'a', upTo: 100 });
    expect(await Promise.all([status('a', 100), status('a', 101), status('b', 100)])).toEqual([
      401, 200, 200,
    ]);
  });

  it('stays refused by a relay that was started after its revocation', async () => {
    const { socket, token } = await startRelay(await forbidden(), {
      revoked: [{ sessionId: 'a', upTo: 100 }],
    });
    const answer = await ask(socket, { token: token({ sessionId: 'a', issuedAt: 100 }) });
    expect(errorOf(answer)).toMatchObject({ status: 401, code: 'token_revoked' });
  });
});

describe('what may be asked', () => {
  it.each([
    ['GET', '/v1/models'],
    ['POST', '/v1/messages/batches'],
    ['POST', '/v1/messages/../files'],
    ['DELETE', '/v1/messages'],
    ['POST', 'http://example.com/v1/files'],
  ])('%s %s is not passed on', async (method, path) => {
    const { socket, token } = await startRelay(await forbidden());
    expect(errorOf(await ask(socket, { token: token(), method, path }))).toMatchObject({
      status: 403,
      type: 'permission_error',
      code: 'path_not_allowed',
    });
  });

  it('counting tokens is', async () => {
    const { socket, token } = await startRelay(await startUpstream((_, response) => void response.end('{}')));
    expect((await ask(socket, { token: token(), path: '/v1/messages/count_tokens' })).status).toBe(200);
  });

  it('a look whether anybody is there is answered without a token', async () => {
    const { socket } = await startRelay(await forbidden());
    expect(await ask(socket, { method: 'HEAD', path: '/' })).toMatchObject({ status: 200, body: '' });
  });

  it('a provider without a key is refused', async () => {
    const { socket, token } = await startRelay(await forbidden(), { upstreams: {} });
    expect(errorOf(await ask(socket, { token: token() }))).toMatchObject({
      status: 403,
      code: 'no_upstream',
    });
  });

  it('a tunnel is refused', async () => {
    const { socket, token } = await startRelay(await forbidden());
    const connection = connect(socket);
    connection.write(
      `CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\nx-api-key: ${token()}\r\n\r\n`,
    );
    expect(await text(connection)).toMatch(/^HTTP\/1\.1 403 /);
  });
});

describe('the limits of a session', () => {
  it.each(['announced', 'chunked'])('a body over its limit, %s, is a 413', async (kind) => {
    const upstream = await startUpstream(async (request, response) => {
      await text(request).catch(() => {});
      response.end('reached');
    });
    const { socket, token } = await startRelay(upstream);
    const answer = await ask(socket, {
      token: token({ limits: { bodyBytes: 100_000 } }),
      body: Buffer.alloc(400_000, 'a'),
      ...(kind === 'chunked' ? { headers: { 'transfer-encoding': 'chunked' } } : {}),
    });
    expect(errorOf(answer)).toMatchObject({ status: 413, type: 'request_too_large', code: 'body_too_large' });
  });

  it('more requests a minute than allowed are a 429 that says when to try again', async () => {
    let time = 1_000_000;
    const upstream = await startUpstream((_, response) => void response.end('{}'));
    const { socket, token } = await startRelay(upstream, {}, { now: () => time });
    const mine = token({ limits: { requestsPerMinute: 2 }, expiresAt: time + 10 * MINUTE_MS });
    const statuses = [];
    for (let round = 0; round < 3; round += 1) statuses.push((await ask(socket, { token: mine })).status);
    expect(statuses).toEqual([200, 200, 429]);

    const refused = await ask(socket, { token: mine });
    expect(errorOf(refused)).toMatchObject({ type: 'rate_limit_error', code: 'rate_limited' });
    time += Number(refused.headers['retry-after']) * 1000;
    expect((await ask(socket, { token: mine })).status).toBe(200);
    expect((await ask(socket, { token: token({ sessionId: 'other' }) })).status).toBe(200);
  });

  it('more requests at once than allowed are a 429', async () => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200);
      response.write('first');
    });
    const { socket, token } = await startRelay(upstream);
    const mine = token({ limits: { concurrentRequests: 1 } });
    const first = await open(socket, { token: mine });
    await once(first, 'data');
    expect(errorOf(await ask(socket, { token: mine }))).toMatchObject({
      status: 429,
      code: 'too_many_at_once',
    });
    first.destroy();
  });

  it('the budget of requests is kept', async () => {
    const { socket, token } = await startRelay(await startUpstream((_, response) => void response.end('{}')));
    const mine = token({ limits: { requests: 1 } });
    expect((await ask(socket, { token: mine })).status).toBe(200);
    const refused = await ask(socket, { token: mine });
    expect(errorOf(refused)).toMatchObject({ status: 403, code: 'budget_exhausted' });
    expect(refused.headers['x-should-retry']).toBe('false');
  });

  it.each([
    ['streamed', 'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":10}}\n\n'],
    ['in one piece', '{"id":"m","usage":{"input_tokens":1,"output_tokens": 10}}'],
  ])('the budget of output tokens is kept, counted from an answer %s', async (_, body) => {
    const { socket, token } = await startRelay(
      await startUpstream((_request, response) => void response.end(body)),
    );
    const mine = token({ limits: { outputTokens: 15 } });
    const statuses = [];
    for (let round = 0; round < 3; round += 1) statuses.push((await ask(socket, { token: mine })).status);
    expect(statuses).toEqual([200, 200, 403]);
  });

  it('breaking off before the count does not save budget', async () => {
    const upstream = await startUpstream((_request, response) => {
      for (let piece = 0; piece < 20; piece += 1) response.write('event: content_block_delta\ndata: {}\n\n');
    });
    const { socket, token, control } = await startRelay(upstream);
    const mine = token({ limits: { outputTokens: 1 } });
    const first = await open(socket, { token: mine });
    await once(first, 'data');
    first.destroy();
    await expect.poll(async () => (await control.status()).activeRequests).toBe(0);
    expect(errorOf(await ask(socket, { token: mine }))).toMatchObject({ code: 'budget_exhausted' });
  });

  it('a token signed with limits that are none is refused', async () => {
    const { socket, secret } = await startRelay(await forbidden());
    const claims = {
      sessionId: 'a',
      architecture: 'claude',
      provider: 'anthropic',
      issuedAt: 1,
      expiresAt: 9e15,
    };
    const token = signToken(secret, { ...claims, limits: {} } as never);
    expect(errorOf(await ask(socket, { token }))).toMatchObject({ code: 'token_invalid' });
  });
});
