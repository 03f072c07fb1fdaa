import { describe, expect, it } from 'vitest';
import { ask, errorOf, open } from './support/ask.ts';
import { KEY, startRelay, startUpstream } from './support/scene.ts';

const masked = '*'.repeat(KEY.length);

// [SAFE-no-key-outside]
describe('the real key', () => {
  it.each([200, 401, 500])(
    'is masked when an upstream repeats its headers in an answer %i',
    async (status) => {
      const upstream = await startUpstream((request, response) => {
        const body = JSON.stringify({
          type: 'error',
          error: { type: 'x', message: request.rawHeaders.join(' ') },
        });
        response.writeHead(status, {
          'content-length': Buffer.byteLength(body),
          'x-echo': String(request.headers['x-api-key']),
          'x-kept': 'yes',
        });
        response.end(body);
      });
      const { socket, token, log } = await startRelay(upstream);
      const answer = await ask(socket, { token: token() });
      expect(answer.status).toBe(status);
      expect(JSON.stringify(answer)).not.toContain(KEY);
      expect(JSON.parse(answer.body).error.message).toContain(masked);
      expect(answer.headers).toMatchObject({ 'x-kept': 'yes' });
      expect(answer.headers).not.toHaveProperty('x-echo');
      expect(log.join()).not.toContain(KEY);
    },
  );

  it('is masked when it comes in two pieces', async () => {
    const upstream = await startUpstream((_request, response) => {
      response.write(`before ${KEY.slice(0, 9)}`, () =>
        setImmediate(() => response.end(`${KEY.slice(9)} after`)),
      );
    });
    const { socket, token } = await startRelay(upstream);
    expect((await ask(socket, { token: token() })).body).toBe(`before ${masked} after`);
  });

  it('cannot be hidden from the relay by an encoding', async () => {
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('whatever');
    });
    const { socket, token } = await startRelay(upstream);
    expect(errorOf(await ask(socket, { token: token() }))).toMatchObject({
      status: 502,
      code: 'upstream_encoded',
    });
  });

  it('is in no refusal, status, greeting or log line, and neither is a token', async () => {
    const upstream = await startUpstream((_request, response) => void response.end('{}'));
    const { socket, token, control, log } = await startRelay(upstream);
    const mine = token({ limits: { requests: 1 } });
    const questions = [
      { token: mine },
      { token: mine },
      { token: `${mine}x` },
      { token: KEY },
      { token: mine, path: `/${mine}` },
      { path: `/v1/${KEY}` },
    ];
    const answers = [];
    for (const question of questions) answers.push(await ask(socket, question));
    const broken = await open(socket, { token: mine, headers: { 'content-length': '9' }, body: 'too short' });
    broken.resume();
    const said = JSON.stringify([
      answers.map(({ headers }) => headers),
      control.hello,
      await control.status(),
      log,
    ]);
    expect(said).not.toContain(KEY);
    expect(said).not.toContain(mine);
    expect(JSON.stringify(answers)).not.toContain(KEY);
  });
});
