import assert from 'node:assert/strict';
import { AgentServerError } from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import { assertProblem, send, sendBytes } from '../clients/http-client.ts';
import type { TransportContext } from '../context.ts';
import { REFUSALS } from './refusals.ts';

/** What is wrong is answered as a problem with its code, and the server lives on. */
export const refusalCases: Case<TransportContext>[] = [
  ...REFUSALS.map(
    ([id, what, method, target, sending, status, code]): Case<TransportContext> => ({
      id: `refuses-${id}`,
      title: `${what} is ${status} ${code}`,
      async run({ script, url }) {
        script.addSession('s');
        const answer = await send(url, method, target, sending);
        assertProblem(answer, status, code);
        if (status === 405) assert.ok(answer.headers.allow, 'Allow says what is supported');
        assert.deepEqual(script.calls, [], 'no command reached the engine');
        assert.equal((await send(url, 'GET', '/sessions/s')).status, 200, 'the server lives on');
      },
    }),
  ),
  ...(
    [
      ['not-http', 'what is no HTTP', 'GARBAGE\r\n\r\n', 400, 'invalid_request'],
      ['no-host', 'a request without a host', 'GET /health HTTP/1.0\r\n\r\n', 400, 'invalid_request'],
      ['malformed-host', 'a malformed host', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400, 'invalid_request'],
      [
        'huge-header',
        'a header without end',
        `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
        413,
        'payload_too_large',
      ],
    ] as const
  ).map(
    ([id, what, bytes, status, code]): Case<TransportContext> => ({
      id: `refuses-${id}`,
      title: `${what} is ${status} ${code}`,
      async run({ url }) {
        assertProblem(await sendBytes(url, bytes), status, code);
        assert.equal((await send(url, 'GET', '/health')).status, 200, 'the server lives on');
      },
    }),
  ),
  {
    id: 'internal-leaks-nothing',
    title: 'a fault of our own is internal, with an id and without its details',
    async run({ script, url }) {
      script.addSession('s');
      script.replace('get', () => Promise.reject(new Error('password=hunter2 at /home/someone')));
      const answer = await send(url, 'GET', '/sessions/s');
      assertProblem(answer, 500, 'internal');
      assert.doesNotMatch(answer.body.toString(), /hunter2|someone|\.ts/);
      assert.match(answer.body.toString(), /"instance":"urn:uuid:/);
    },
  },
  {
    id: 'coded-errors-pass',
    title: "the engine's own errors keep code, status and facts",
    async run({ script, url }) {
      script.addSession('s');
      const error = new AgentServerError('queue_full', 'The queue is full.', { details: { position: 100 } });
      script.replace('wake', () => Promise.reject(error));
      const answer = await send(url, 'POST', '/sessions/s/wake');
      assertProblem(answer, 429, 'queue_full');
      assert.equal((answer.json() as { position: number }).position, 100);
    },
  },
];
