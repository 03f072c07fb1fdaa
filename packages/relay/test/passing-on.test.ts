import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { ask, errorOf, open } from './support/ask.ts';
import { KEY, startRelay, startUpstream } from './support/scene.ts';

describe('a request with a valid token', () => {
  it('reaches the upstream with the real key in place of the token', async () => {
    let seen: IncomingMessage | undefined;
    let body = '';
    const upstream = await startUpstream(async (request, response) => {
      seen = request;
      body = await text(request);
      response
        .writeHead(200, { 'content-type': 'application/json', 'request-id': 'req-1' })
        .end('{"id":"m"}');
    });
    const { socket, token } = await startRelay(upstream);
    const mine = token();

    const answer = await ask(socket, {
      token: mine,
      path: '/v1/messages?beta=true',
      body: '{"model":"claude"}',
      headers: { 'anthropic-version': '2023-06-01', 'accept-encoding': 'gzip', cookie: 'a=b' },
    });

    expect(answer).toMatchObject({ status: 200, body: '{"id":"m"}' });
    expect(answer.headers['request-id']).toBe('req-1');
    expect(seen?.url).toBe('/v1/messages?beta=true');
    expect(body).toBe('{"model":"claude"}');
    expect(seen?.headers).toMatchObject({ 'x-api-key': KEY, 'anthropic-version': '2023-06-01' });
    expect(seen?.headers['accept-encoding']).toBe('identity');
    expect(seen?.headers).not.toHaveProperty('cookie');
    expect(JSON.stringify(seen?.rawHeaders)).not.toContain(mine);
  });

  it('may bring the token as a bearer', async () => {
    const upstream = await startUpstream((request, response) => {
      response.end(
        JSON.stringify({ key: request.headers['x-api-key'] === KEY, bearer: request.headers.authorization }),
      );
    });
    const { socket, token } = await startRelay(upstream);
    const answer = await ask(socket, { headers: { authorization: `Bearer ${token()}` } });
    expect(JSON.parse(answer.body)).toEqual({ key: true });
  });

  it('goes below the path of the base URL', async () => {
    const upstream = await startUpstream((request, response) => void response.end(request.url));
    const { socket, token } = await startRelay(`${upstream}/gateway/`);
    expect((await ask(socket, { token: token() })).body).toBe('/gateway/v1/messages');
  });

  it('gets the pieces of a streamed answer as they come', async () => {
    const { upstream, speaking } = await startSpeaker();
    const { socket, token } = await startRelay(upstream);
    const answer = await open(socket, { token: token() });
    const speaker = await speaking;
    expect(answer.headers['content-type']).toBe('text/event-stream');

    for (const piece of [
      'event: message_start\n\n',
      'event: content_block_delta\n\n',
      'event: message_stop\n\n',
    ]) {
      speaker.write(piece);
      const [chunk] = await once(answer, 'data');
      expect(String(chunk)).toBe(piece);
    }
    speaker.end();
    await once(answer, 'end');
  });

  it('is broken off at the upstream when the agent goes', async () => {
    const { upstream, speaking } = await startSpeaker();
    const { socket, token, control } = await startRelay(upstream);
    const abort = new AbortController();
    const answer = await open(socket, { token: token(), signal: abort.signal });
    answer.on('error', () => {});
    const speaker = await speaking;
    const gone = once(speaker, 'close');
    abort.abort();
    await gone;
    expect(await control.status()).toMatchObject({ activeRequests: 0 });
  });

  it('is broken off for the agent when the upstream breaks off', async () => {
    const { upstream, speaking } = await startSpeaker();
    const { socket, token } = await startRelay(upstream);
    const answer = await open(socket, { token: token() });
    (await speaking).write(
      'event: message_start\n\n',
      () => void speaking.then((speaker) => speaker.destroy()),
    );
    await expect(text(answer)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('gets an error of the API as the API gave it', async () => {
    const body = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}';
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(529, { 'retry-after': '7' }).end(body);
    });
    const { socket, token } = await startRelay(upstream);
    const answer = await ask(socket, { token: token() });
    expect(answer).toMatchObject({ status: 529, body });
    expect(answer.headers['retry-after']).toBe('7');
  });
});

describe('an upstream that fails', () => {
  it('is a 502 that the agent may retry when nobody listens', async () => {
    const { socket, token } = await startRelay('http://127.0.0.1:9');
    const answer = await ask(socket, { token: token() });
    expect(errorOf(answer)).toMatchObject({ status: 502, type: 'api_error', code: 'upstream_unreachable' });
    expect(answer.headers['x-should-retry']).toBe('true');
  });

  it('is a 504 when it does not begin its answer in time', async () => {
    const upstream = await startUpstream(() => {});
    const { socket, token } = await startRelay(upstream, { deadlines: { headersMs: 50 } });
    expect(errorOf(await ask(socket, { token: token() }))).toMatchObject({
      status: 504,
      type: 'timeout_error',
      code: 'upstream_timeout',
    });
  });

  it('ends the answer when it falls silent in the middle', async () => {
    const { upstream } = await startSpeaker();
    const { socket, token, log } = await startRelay(upstream, { deadlines: { idleMs: 50 } });
    const answer = await open(socket, { token: token() });
    await expect(text(answer)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(log.join()).toContain('upstream_timeout');
  });

  it('is a 502 when it redirects', async () => {
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end();
    });
    const { socket, token } = await startRelay(upstream);
    const answer = await ask(socket, { token: token() });
    expect(errorOf(answer)).toMatchObject({ status: 502, code: 'upstream_redirected' });
    expect(answer.headers).not.toHaveProperty('location');
  });
});

/** An upstream that begins to answer, and lets the test say what. */
async function startSpeaker(): Promise<{ upstream: string; speaking: Promise<ServerResponse> }> {
  let begin = (_response: ServerResponse): void => {};
  const speaking = new Promise<ServerResponse>((resolve) => {
    begin = resolve;
  });
  const upstream = await startUpstream((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    begin(response);
  });
  return { upstream, speaking };
}
