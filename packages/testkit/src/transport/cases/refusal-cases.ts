import assert from 'node:assert/strict';
import { AgentServerError, LIMITS } from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import { assertProblem, type Sending, send, sendBytes } from '../clients/http-client.ts';
import type { TransportContext } from '../context.ts';

type Refusal = [
  id: string,
  what: string,
  method: string,
  target: string,
  sending: Sending,
  status: number,
  code: string,
];

const json = (body: string | Uint8Array): Sending => ({
  headers: { 'content-type': 'application/json' },
  body,
});
const message = '/sessions/s/message';

/** Bytes without end, as far as a `Content-Length` goes. */
function* chunks(total: number): Generator<Uint8Array> {
  for (let sent = 0; sent < total; sent += 65_536) yield new Uint8Array(65_536).fill(0x20);
}

const REFUSALS: Refusal[] = [
  ['malformed-json', 'malformed JSON', 'POST', message, json('{"content":'), 400, 'invalid_request'],
  [
    'json-of-wrong-form',
    'a body of the wrong form',
    'POST',
    message,
    json('{"text":"x"}'),
    400,
    'invalid_request',
  ],
  ['json-null', 'a body that is no object', 'POST', message, json('null'), 400, 'invalid_request'],
  ['no-body', 'no body where one is needed', 'POST', message, {}, 400, 'invalid_request'],
  [
    'not-utf8',
    'text that is not UTF-8',
    'POST',
    message,
    json(Uint8Array.of(0x22, 0xff, 0x22)),
    400,
    'invalid_request',
  ],
  [
    'too-deep',
    'JSON nested beyond all measure',
    'POST',
    message,
    json('['.repeat(100_000)),
    400,
    'invalid_request',
  ],
  [
    'deep-metadata',
    'well-formed JSON nested beyond all measure',
    'POST',
    '/sessions/create',
    json(`{"architecture":"x","metadata":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`),
    400,
    'invalid_request',
  ],
  [
    'no-media-type',
    'a body without a content type',
    'POST',
    message,
    { body: '{"content":"x"}' },
    415,
    'unsupported_media_type',
  ],
  [
    'form-media-type',
    'a form, which any web page can send',
    'POST',
    message,
    { headers: { 'content-type': 'text/plain' }, body: '{"content":"x"}' },
    415,
    'unsupported_media_type',
  ],
  [
    'declared-too-large',
    'a body that says it is too large',
    'POST',
    message,
    json(new Uint8Array(LIMITS.requestBody + 1).fill(0x20)),
    413,
    'payload_too_large',
  ],
  [
    'streamed-too-large',
    'a body that becomes too large without saying so',
    'POST',
    message,
    { headers: { 'content-type': 'application/json' }, body: chunks(LIMITS.requestBody + 1_000_000) },
    413,
    'payload_too_large',
  ],
  [
    'file-too-large',
    'a file that is too large',
    'PUT',
    '/sessions/s/files/big',
    { body: chunks(LIMITS.file + 1_000_000) },
    413,
    'payload_too_large',
  ],
  ['unknown-route', 'an unknown route', 'GET', '/nowhere', {}, 404, 'not_found'],
  ['root', 'the root', 'GET', '/', {}, 404, 'not_found'],
  ['unknown-session', 'an unknown session', 'GET', '/sessions/nobody', {}, 404, 'session_not_found'],
  ['wrong-method', 'a wrong method', 'PUT', '/sessions/s', {}, 405, 'method_not_allowed'],
  ['get-of-command', 'GET of a command', 'GET', '/sessions/create', {}, 405, 'method_not_allowed'],
  ['trace', 'TRACE', 'TRACE', '/health', {}, 405, 'method_not_allowed'],
  [
    'query-not-a-number',
    'a number that is none',
    'GET',
    '/sessions/s/events?after=x',
    {},
    400,
    'invalid_request',
  ],
  ['query-empty-number', 'an empty number', 'GET', '/sessions/s/events?after=', {}, 400, 'invalid_request'],
  ['query-negative', 'a negative number', 'GET', '/sessions/s?at=-1', {}, 400, 'invalid_request'],
  [
    'query-too-large',
    'a limit beyond the limit',
    'GET',
    '/sessions/s/events?limit=100000',
    {},
    400,
    'invalid_request',
  ],
  [
    'query-twice',
    'a parameter given twice',
    'GET',
    '/sessions/s/events?after=1&after=2',
    {},
    400,
    'invalid_request',
  ],
  [
    'query-unknown-status',
    'a status that does not exist',
    'GET',
    '/sessions?status=asleep',
    {},
    400,
    'invalid_request',
  ],
  [
    'query-encoding',
    'a malformed encoding in the query',
    'GET',
    '/sessions?q=%zz',
    {},
    400,
    'invalid_request',
  ],
  [
    'path-encoding',
    'a malformed encoding in the path',
    'GET',
    '/sessions/%e0%a4',
    {},
    400,
    'invalid_request',
  ],
  [
    'path-control-character',
    'a control character in an id',
    'GET',
    '/sessions/a%00b',
    {},
    400,
    'invalid_request',
  ],
  [
    'path-too-long',
    'an id that is too long',
    'GET',
    `/sessions/${'x'.repeat(300)}`,
    {},
    400,
    'invalid_request',
  ],
  [
    'path-dots',
    'a file path with ..',
    'GET',
    '/sessions/s/files/../../etc/passwd',
    {},
    400,
    'invalid_request',
  ],
  [
    'path-encoded-dots',
    'a file path with %2e%2e',
    'GET',
    '/sessions/s/files/%2e%2e/%2e%2e/etc',
    {},
    400,
    'invalid_request',
  ],
  [
    'path-encoded-slashes',
    'a file path with ..%2f',
    'GET',
    '/sessions/s/files/a%2f..%2f..%2fetc',
    {},
    400,
    'invalid_request',
  ],
  [
    'path-backslashes',
    'a file path with ..%5c',
    'GET',
    '/sessions/s/files/a%5c..%5cb',
    {},
    400,
    'invalid_request',
  ],
  [
    'path-absolute',
    'an absolute file path',
    'GET',
    '/sessions/s/files/%2Fetc%2Fpasswd',
    {},
    400,
    'invalid_request',
  ],
  ['path-nul', 'a file path with NUL', 'GET', '/sessions/s/files/a%00b', {}, 400, 'invalid_request'],
  [
    'put-dots',
    'a write beside the workspace',
    'PUT',
    '/sessions/s/files/..%2fx',
    { body: 'x' },
    400,
    'invalid_request',
  ],
  [
    'delete-dots',
    'a deletion that would resolve to the session',
    'DELETE',
    '/sessions/s/files/../../s',
    {},
    400,
    'invalid_request',
  ],
  ['unknown-file', 'an unknown file', 'GET', '/sessions/s/files/nothing.txt', {}, 404, 'file_not_found'],
  [
    'bad-idempotency-key',
    'an idempotency key that is too long',
    'POST',
    message,
    {
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k'.repeat(201) },
      body: '{"content":"x"}',
    },
    400,
    'invalid_request',
  ],
  [
    'bad-last-event-id',
    'a Last-Event-ID that no server sent',
    'GET',
    '/sessions/s/events',
    { headers: { accept: 'text/event-stream', 'last-event-id': 'nonsense' } },
    400,
    'invalid_request',
  ],
  [
    'stream-of-nobody',
    'an event stream of an unknown session',
    'GET',
    '/sessions/nobody/events',
    { headers: { accept: 'text/event-stream' } },
    404,
    'session_not_found',
  ],
];

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
