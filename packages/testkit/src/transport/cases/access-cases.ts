import assert from 'node:assert/strict';
import type { Case } from '../../kit.ts';
import { assertProblem, send, sendJson } from '../clients/http-client.ts';
import type { TransportContext } from '../context.ts';

const KEY = 'correct-horse';
const CONSOLE = 'https://console.example.com';

/** Who is let in over HTTP. */
export const accessCases: Case<TransportContext>[] = [
  ...(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', 'localhost.evil.example'] as const).map(
    (host): Case<TransportContext> => ({
      id: `foreign-host-${host.replace(/\W/g, '-')}`,
      title: `a request to the host ${host} is forbidden_origin: a rebound name reaches nothing`,
      async run({ url }) {
        assertProblem(await send(url, 'GET', '/health', { headers: { host } }), 403, 'forbidden_origin');
      },
    }),
  ),
  ...(['https://evil.example', 'null', 'http://localhost:1', 'http://127.0.0.1.evil.example'] as const).map(
    (origin): Case<TransportContext> => ({
      id: `foreign-origin-${origin.replace(/\W+/g, '-')}`,
      title: `a web page of ${origin} is forbidden_origin, its preflight too`,
      async run({ script, url }) {
        script.addSession('s');
        const post = await sendJson(url, 'POST', '/sessions/s/message', { content: 'x' }, { origin });
        assertProblem(post, 403, 'forbidden_origin');
        const preflight = await send(url, 'OPTIONS', '/sessions/s/message', {
          headers: { origin, 'access-control-request-method': 'POST' },
        });
        assertProblem(preflight, 403, 'forbidden_origin');
        assert.equal(preflight.headers['access-control-allow-origin'], undefined);
        assert.deepEqual(script.calls, []);
      },
    }),
  ),
  {
    id: 'own-origin',
    title: "the server's own pages may use it, under every loopback name",
    async run({ url }) {
      const { port } = new URL(url);
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`]) {
        const headers = { host, origin: `http://${host}` };
        assert.equal((await send(url, 'GET', '/health', { headers })).status, 200, host);
      }
    },
  },
  {
    id: 'allowed-origin',
    title: 'an allowed page passes its preflight and may read the answer',
    async run({ start }) {
      const { url } = await start({ corsOrigins: [CONSOLE] });
      const preflight = await send(url, 'OPTIONS', '/sessions/create', {
        headers: {
          origin: CONSOLE,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,idempotency-key',
        },
      });
      assert.equal(preflight.status, 204);
      assert.equal(preflight.headers['access-control-allow-origin'], CONSOLE);
      assert.match(preflight.headers['access-control-allow-headers'] ?? '', /idempotency-key/i);
      const answer = await send(url, 'GET', '/health', { headers: { origin: CONSOLE } });
      assert.equal(answer.headers['access-control-allow-origin'], CONSOLE);
      assert.match(answer.headers.vary ?? '', /origin/i);
      assertProblem(
        await send(url, 'GET', '/health', { headers: { origin: 'https://evil.example' } }),
        403,
        'forbidden_origin',
      );
    },
  },
  {
    id: 'preflight-needs-no-key',
    title: 'with a key set, a preflight passes without it and errors can be read by the page',
    async run({ start }) {
      const { url } = await start({ apiKey: KEY, corsOrigins: [CONSOLE] });
      const headers = { origin: CONSOLE, 'access-control-request-method': 'GET' };
      assert.equal((await send(url, 'OPTIONS', '/sessions', { headers })).status, 204);
      const refused = await send(url, 'GET', '/sessions', { headers: { origin: CONSOLE } });
      assertProblem(refused, 401, 'unauthorized');
      assert.equal(refused.headers['access-control-allow-origin'], CONSOLE);
    },
  },
  {
    id: 'key-required',
    title: 'with a key set, every route but health, readiness and the contract asks for it',
    async run({ script, start }) {
      script.addSession('s');
      const { url } = await start({ apiKey: KEY });
      for (const [method, target] of [
        ['GET', '/sessions'],
        ['GET', '/sessions/s/events'],
        ['GET', '/sessions/s/files/a'],
        ['PUT', '/sessions/s/files/a'],
        ['GET', '/metrics'],
        ['GET', '/nowhere'],
        ['DELETE', '/sessions/s'],
      ] as const) {
        const answer = await send(url, method, target);
        assertProblem(answer, 401, 'unauthorized');
        assert.match(answer.headers['www-authenticate'] ?? '', /^Bearer/);
      }
      for (const target of ['/health', '/ready', '/openapi.json', '/docs']) {
        assert.equal((await send(url, 'GET', target)).status, 200, target);
      }
    },
  },
  {
    id: 'key-compared-whole',
    title: 'only the whole key opens, only as a Bearer token, never in the query',
    async run({ script, start }) {
      script.addSession('s');
      const { url } = await start({ apiKey: KEY });
      for (const authorization of [
        'Bearer wrong',
        `Bearer ${KEY}x`,
        `Bearer ${KEY.slice(0, -1)}`,
        `Bearer ${KEY.toUpperCase()}`,
        `Basic ${KEY}`,
        KEY,
        'Bearer',
      ]) {
        assertProblem(
          await send(url, 'GET', '/sessions', { headers: { authorization } }),
          401,
          'unauthorized',
        );
      }
      assertProblem(await send(url, 'GET', `/sessions?token=${KEY}&key=${KEY}`), 401, 'unauthorized');
      const headers = { authorization: `Bearer ${KEY}` };
      assert.equal((await send(url, 'GET', '/sessions', { headers })).status, 200);
      await send(url, 'POST', '/sessions/s/wake', { headers });
      assert.match(script.calls[0]?.caller.principal ?? '', /^key:/);
      assert.doesNotMatch(script.calls[0]?.caller.principal ?? '', new RegExp(KEY));
    },
  },
];
