import assert from 'node:assert/strict';
import { clientFrameSchema } from '@hhopkins/agent-protocol';
import fc from 'fast-check';
import type { Case } from '../../kit.ts';
import { send } from '../clients/http-client.ts';
import { openSocket } from '../clients/socket-client.ts';
import type { TransportContext } from '../context.ts';

/** Values that are nearly right, and values that are not: the first get further into a server. */
const word = fc.oneof(
  fc.constantFrom(
    's',
    'nobody',
    'scripted',
    'allow',
    'queue',
    'true',
    '0',
    '-1',
    '1e999',
    '__proto__',
    'constructor',
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const value = fc.oneof(word, fc.integer(), fc.jsonValue({ maxDepth: 3 }));
const PROPERTIES = [
  'type',
  'id',
  'sessionId',
  'sessions',
  'after',
  'seq',
  'streamId',
  'content',
  'delivery',
  'token',
  'requestId',
  'decision',
  'answers',
  'updatedInput',
  'turnId',
  'architecture',
  'name',
  'metadata',
  'sessionOptions',
  'defaultWorkspaceFiles',
  '__proto__',
  'toString',
];
const object = fc.dictionary(fc.constantFrom(...PROPERTIES), value, { maxKeys: 6 });
const body = fc.oneof(
  object.map((each) => JSON.stringify(each)),
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.uint8Array({ maxLength: 50 }),
);

const segment = fc.oneof(
  fc.constantFrom(
    'sessions',
    's',
    'create',
    'events',
    'files',
    'message',
    'messages',
    'interrupt',
    'permissions',
    'questions',
  ),
  fc.constantFrom(
    'transcript',
    'workspace.tar',
    'health',
    'a.txt',
    '..',
    '.',
    '',
    '%2e%2e',
    '%2f',
    '%',
    '%zz',
    '%00',
    '%5c',
    '*',
    ':id',
  ),
  fc.stringMatching(/^[!-~]{0,12}$/).filter((text) => !/[\s#?]/.test(text)),
);
const target = fc
  .tuple(
    fc.array(segment, { maxLength: 6 }),
    fc.array(
      fc.tuple(
        fc.constantFrom('after', 'limit', 'at', 'status', 'cursor', 'streamId', 'purge', 'q', 'x'),
        fc.stringMatching(/^[!-~]{0,8}$/).filter((text) => !/[\s#]/.test(text)),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([segments, query]) => `/${segments.join('/')}?${query.map((pair) => pair.join('=')).join('&')}`);
const headerValue = fc.stringMatching(/^[!-~]{0,30}$/);
const headers = fc.record(
  {
    'content-type': fc.oneof(fc.constant('application/json'), headerValue),
    accept: fc.oneof(
      fc.constantFrom('application/json', '*/*'),
      headerValue.filter((text) => !text.includes('event-stream')),
    ),
    'idempotency-key': headerValue,
    'last-event-id': headerValue,
    'if-none-match': headerValue,
    authorization: headerValue,
  },
  { requiredKeys: [] },
);

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** A failing run prints its seed and the smallest input that fails; give them to `fc.assert` to run it again. */
const RUNS = { numRuns: 300, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false };

export const httpFuzzCase: Case<TransportContext> = {
  id: 'fuzz-http',
  title: 'no method, path, query, header or body is answered with a 5xx or ends the server',
  timeoutMs: 60_000,
  async run({ script, url }) {
    script.addSession('s', 3);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...METHODS),
        target,
        headers,
        body,
        async (method, path, given, content) => {
          const bodyless = method === 'GET' || method === 'HEAD';
          const answer = await send(url, method, path, {
            headers: given,
            body: bodyless ? undefined : content,
          });
          assert.ok(answer.status < 500, `${method} ${path}: ${answer.status} ${answer.body}`);
          if (answer.status >= 400 && method !== 'HEAD') {
            assert.match(
              answer.headers['content-type'] ?? '',
              /^application\/problem\+json/,
              `${method} ${path}`,
            );
          }
          if (!isThere(script)) script.addSession('s', 3);
        },
      ),
      RUNS,
    );
    assert.equal((await send(url, 'GET', '/health')).status, 200);
  },
};

const TYPES = clientFrameSchema.options.map((option) => option.shape.type.value);
const frame = fc.oneof(
  fc.tuple(fc.constantFrom(...TYPES), object).map(([type, rest]) => JSON.stringify({ ...rest, type })),
  fc
    .tuple(
      fc.constantFrom(...TYPES),
      fc.record({ id: value, sessionId: value, requestId: word, content: value, after: value }),
    )
    .map(([type, rest]) => JSON.stringify({ ...rest, type })),
  body,
);

export const socketFuzzCase: Case<TransportContext> = {
  id: 'fuzz-websocket',
  title: 'no frame is answered with an internal error or ends the connection',
  timeoutMs: 60_000,
  async run({ script, url }) {
    script.addSession('s', 3);
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 20 }), async (frames) => {
        const socket = await openSocket(url);
        for (const each of frames) socket.sendRaw(each);
        socket.send({ type: 'ping' });
        for (;;) {
          const answer = await socket.next();
          if (answer.type === 'error') assert.ok(answer.error.status < 500, JSON.stringify(answer));
          if (answer.type === 'pong') break;
        }
        socket.drop();
      }),
      { ...RUNS, numRuns: 60 },
    );
    const socket = await openSocket(url);
    socket.send({ type: 'ping' });
    await socket.nextOf('pong');
    socket.drop();
  },
};

function isThere(script: TransportContext['script']): boolean {
  try {
    return script.stream('s').head > 0;
  } catch {
    return false;
  }
}
