import assert from 'node:assert/strict';
import { CLOSE_CODES } from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import { assertProblem, send } from '../clients/http-client.ts';
import { openSocket, type SocketOptions, UpgradeRefused } from '../clients/socket-client.ts';
import type { TransportContext } from '../context.ts';

/** With what may not stand in a subprotocol as it is. */
const KEY = 'correct=horse/battery';
const BEARER = `bearer.${encodeURIComponent(KEY)}`;

async function assertRefused(opening: Promise<unknown>, status: number, code: string): Promise<void> {
  await assert.rejects(opening, (error) => {
    assert.ok(error instanceof UpgradeRefused, String(error));
    assert.equal(error.status, status);
    assert.equal(JSON.parse(error.body).code, code);
    return true;
  });
}

const handshake = (
  id: string,
  title: string,
  options: SocketOptions,
  status: number,
  code: string,
): Case<TransportContext> => ({
  id: `upgrade-${id}`,
  title: `an upgrade ${title} is ${status} ${code}`,
  run: ({ url }) => assertRefused(openSocket(url, options), status, code),
});

const HANDSHAKE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

const MALFORMED: readonly [id: string, what: string, headers: Record<string, string>][] = [
  ['version', 'of another version', { 'sec-websocket-version': '7' }],
  ['key', 'without a proper key', { 'sec-websocket-key': 'short' }],
  ['subprotocol', 'with malformed subprotocols', { 'sec-websocket-protocol': 'a b, @' }],
  ['upgrade', 'to something else', { upgrade: 'h2c' }],
];

/** Who is let in over a WebSocket. */
export const socketAccessCases: Case<TransportContext>[] = [
  handshake(
    'foreign-host',
    'to a foreign host',
    { headers: { host: 'evil.example' } },
    403,
    'forbidden_origin',
  ),
  handshake(
    'foreign-origin',
    'by a foreign page',
    { headers: { origin: 'https://evil.example' } },
    403,
    'forbidden_origin',
  ),
  handshake('null-origin', 'by a sandboxed page', { headers: { origin: 'null' } }, 403, 'forbidden_origin'),
  handshake('other-path', 'at another path', { path: '/sockets' }, 404, 'not_found'),
  handshake('double-slash', 'at a path that is no URL', { path: '//' }, 404, 'not_found'),
  ...MALFORMED.map(
    ([id, what, headers]): Case<TransportContext> => ({
      id: `upgrade-malformed-${id}`,
      title: `an upgrade ${what} is refused with a coded error, and the server lives on`,
      async run({ url }) {
        assertProblem(
          await send(url, 'GET', '/ws', { headers: { ...HANDSHAKE, ...headers } }),
          400,
          'invalid_request',
        );
        (await openSocket(url)).drop();
      },
    }),
  ),
  {
    id: 'socket-own-origin',
    title: "the server's own pages and allowed ones may open a socket",
    async run({ url, start }) {
      (await openSocket(url, { headers: { origin: url } })).drop();
      const origin = 'https://console.example.com';
      const other = await start({ corsOrigins: [origin] });
      (await openSocket(other.url, { headers: { origin } })).drop();
    },
  },
  {
    id: 'key-by-subprotocol',
    title: 'a key is taken from the subprotocol, which is not echoed when another is offered',
    async run({ start }) {
      const { url } = await start({ apiKey: KEY });
      const alone = await openSocket(url, { protocols: [BEARER] });
      assert.equal(alone.protocol, BEARER);
      alone.drop();
      const beside = await openSocket(url, { protocols: [BEARER, 'agent-server'] });
      assert.equal(beside.protocol, 'agent-server');
      beside.drop();
    },
  },
  {
    id: 'key-by-header',
    title: 'a key is taken from the Authorization header',
    async run({ start }) {
      const { url } = await start({ apiKey: KEY });
      (await openSocket(url, { headers: { authorization: `Bearer ${KEY}` } })).drop();
    },
  },
  {
    id: 'key-by-first-frame',
    title: 'a key is taken from the first frame; only then is the server ready, and knows who asks',
    async run({ script, start }) {
      script.addSession('s');
      const { url } = await start({ apiKey: KEY });
      const socket = await openSocket(url, { ready: false });
      socket.send({ type: 'auth', token: KEY });
      assert.deepEqual(await socket.next(), { type: 'ready' });
      socket.send({ type: 'interrupt', id: 'c', sessionId: 's' });
      await socket.nextOf('ack');
      assert.match(script.calls[0]?.caller.principal ?? '', /^key:/);
      socket.drop();
    },
  },
  ...(
    [
      ['wrong-subprotocol', 'a wrong key in the subprotocol', { protocols: ['bearer.wrong'] }, undefined],
      ['wrong-first-frame', 'a wrong key in the first frame', {}, { type: 'auth', token: 'wrong' }],
      ['no-key', 'a frame before the key', {}, { type: 'subscribe', sessionId: 's' }],
      ['key-in-query', 'a key in the query', { path: `/ws?token=${KEY}&key=${KEY}` }, { type: 'ping' }],
    ] as const
  ).map(
    ([id, what, options, frame]): Case<TransportContext> => ({
      id: `socket-${id}`,
      title: `${what} is told as unauthorized and closed with 4401`,
      async run({ script, start }) {
        script.addSession('s');
        const { url } = await start({ apiKey: KEY });
        const socket = await openSocket(url, {
          ...options,
          protocols: [...('protocols' in options ? options.protocols : [])],
          ready: false,
        });
        if (frame) socket.send(frame);
        const first = await socket.next();
        assert.equal(first.type === 'error' && first.error.code, 'unauthorized');
        assert.equal((await socket.closed).code, CLOSE_CODES.unauthorized);
        assert.equal(script.followers, 0);
      },
    }),
  ),
];
