import { connect } from 'node:net';
import { clientFrameSchema } from '@hhopkins/agent-protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { TOGETHER, within } from '../harness/deadline.ts';
import { sharedPlace } from '../harness/shared-place.ts';

/** A failing run prints the seed and the smallest input; `fc.assert` repeats it with them. */
const BOUNDED = { interruptAfterTimeLimit: 8_000, markInterruptAsFailure: false };

const json = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constant(null),
  fc.constantFrom('', 0, -1, [], {}, 'x'.repeat(5000)),
);

/** Every route that takes a body, with the names its body has: values under the right names get further in. */
const ROUTES = [
  [
    'POST',
    () => '/sessions/create',
    ['architecture', 'agentProfileRef', 'name', 'sessionOptions', 'defaultWorkspaceFiles', 'metadata'],
  ],
  ['POST', (id: string) => `/sessions/${id}/message`, ['content', 'delivery']],
  ['PATCH', (id: string) => `/sessions/${id}`, ['name', 'metadata', 'sessionOptions']],
  ['POST', (id: string) => `/sessions/${id}/interrupt`, ['turnId']],
  ['POST', (id: string) => `/sessions/${id}/permissions/nothing`, ['decision', 'message', 'updatedInput']],
  ['POST', (id: string) => `/sessions/${id}/questions/nothing`, ['answers']],
  ['POST', (id: string) => `/sessions/${id}/sync`, ['anything']],
  ['POST', (id: string) => `/sessions/${id}/wake`, ['anything']],
] as const;

const READS = [
  '/sessions?limit=0',
  '/sessions?limit=x',
  '/sessions?status=nonsense',
  '/sessions?updatedSince=yesterday',
  '/sessions?cursor=%00',
  '/sessions/nobody',
  '/sessions/nobody/events',
  '/sessions/nobody/files',
  '/sessions/nobody/files/a.txt',
  '/sessions/nobody/transcript',
  '/sessions/nobody/workspace.tar',
  '/sessions/ID?at=-1',
  '/sessions/ID?at=999999',
  '/sessions/ID/events?after=-1',
  '/sessions/ID/events?after=x',
  '/sessions/ID/events?limit=100000',
  '/sessions/ID/transcript?subagentId=nobody',
  '/sessions/%00',
  '/sessions/%ff',
  '/nowhere',
];

const OUTSIDE = [
  '../secret',
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e/%2e%2e/etc/passwd',
  'a/../../b',
  '%2fetc%2fpasswd',
  'a%5c..%5cb',
  'a%00b',
  './a',
  'a//b',
];

describe('input that is not right', TOGETHER, () => {
  const place = sharedPlace({ agent: 'scripted' });
  const alive = async () => expect((await place().rest.ask('GET', '/health')).status).toBe(200);

  it.each(ROUTES)(
    'as a body of %s %s is a coded 4xx [BOUND-coded-refusals] [BOUND-problem-json]',
    async (method, path, names) => {
      const { sessionId } = await place().rest.create({ architecture: 'scripted' });
      const body = fc.oneof(
        {
          weight: 3,
          arbitrary: fc
            .dictionary(fc.constantFrom(...names, 'unknown'), json, { minKeys: 1 })
            .map((each) => JSON.stringify(each)),
        },
        json.map((each) => JSON.stringify(each)),
        fc.string({ unit: 'binary', maxLength: 100 }),
      );
      await fc.assert(
        fc.asyncProperty(body, async (content) => {
          const answer = await place().rest.ask(method, path(sessionId), content);
          if (answer.status < 400) return;
          expect(answer.status, content).toBeLessThan(500);
          expect(answer.body).toMatchObject({
            code: expect.stringMatching(/^[a-z_]+$/),
            detail: expect.any(String),
            status: answer.status,
          });
          expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
        }),
        { ...BOUNDED, numRuns: 60 },
      );
      await alive();
    },
  );

  it('in a path or a query is a coded 4xx [BOUND-coded-refusals]', async () => {
    const { sessionId } = await place().rest.create({ architecture: 'scripted' });
    for (const path of READS) {
      const { status, body } = await place().rest.ask('GET', path.replace('ID', sessionId));
      expect({ path, status, code: body.code }).toEqual({
        path,
        status: expect.any(Number),
        code: expect.any(String),
      });
      expect(status, path).toBeGreaterThanOrEqual(400);
      expect(status, path).toBeLessThan(500);
    }
  });

  it('as the path of a file never leaves the workspace [BOUND-paths-inside]', async () => {
    const { sessionId } = await place().rest.create({ architecture: 'scripted' });
    for (const path of OUTSIDE) {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const raw = await rawStatus(place().url(), method, `/sessions/${sessionId}/files/${path}`);
        expect(raw, `${method} ${path}`).toBeGreaterThanOrEqual(400);
        expect(raw, `${method} ${path}`).toBeLessThan(500);
      }
    }
    const files = [{ path: '../outside.txt', content: 'x' }];
    const created = await place().rest.ask('POST', '/sessions/create', {
      architecture: 'scripted',
      defaultWorkspaceFiles: files,
    });
    expect(created).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('of ten mebibytes is refused as too large [BOUND-body]', async () => {
    const { sessionId } = await place().rest.create({ architecture: 'scripted' });
    const content = 'x'.repeat(10 * 1024 * 1024);
    const answer = await place().rest.ask('POST', `/sessions/${sessionId}/message`, { content });
    expect(answer).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
    await alive();
  });

  it('as a frame is answered with a coded error, and the connection lives on [BOUND-coded-refusals]', async () => {
    const types = clientFrameSchema.options.map((option) => option.shape.type.value);
    const names = [
      'id',
      'sessionId',
      'sessions',
      'after',
      'seq',
      'content',
      'requestId',
      'decision',
      'answers',
      'turnId',
      'token',
    ];
    const frame = fc.oneof(
      fc
        .tuple(fc.constantFrom(...types), fc.dictionary(fc.constantFrom(...names), json))
        .map(([type, rest]) => JSON.stringify({ ...rest, type })),
      json.map((each) => JSON.stringify(each)),
      fc.string({ unit: 'binary', maxLength: 100 }),
    );
    const url = place().url();
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 20 }), async (frames) => {
        const answers = await exchange(url, frames);
        for (const answer of answers.filter(({ type }) => type === 'error')) {
          expect(answer).toMatchObject({ error: { code: expect.any(String) } });
          expect(answer.error?.status).toBeLessThan(500);
        }
        expect(answers.at(-1)).toMatchObject({ type: 'pong' });
      }),
      { ...BOUNDED, numRuns: 40 },
    );
    await alive();
  });
});

/** The status of a request whose path is sent exactly as it is. */
function rawStatus(url: string, method: string, path: string): Promise<number> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  const answered = new Promise<number>((resolve, reject) => {
    socket.on('data', (chunk) => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(String(chunk))?.[1])));
    socket.on('error', reject);
    socket.on('close', () =>
      reject(new Error(`${method} ${path}: the connection was closed without an answer`)),
    );
  });
  socket.write(
    `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx`,
  );
  return within(`${method} ${path}`, answered).finally(() => socket.destroy());
}

interface Answered {
  type: string;
  error?: { code: string; status: number };
}

/** Sends the frames and then a ping; all answers up to its pong, which comes after those of the pings among the frames. */
function exchange(url: string, frames: readonly string[]): Promise<Answered[]> {
  const socket = new WebSocket(url.replace('http', 'ws'));
  const answers: Answered[] = [];
  let pongsLeft = frames.filter(isPing).length + 1;
  const done = new Promise<Answered[]>((resolve, reject) => {
    socket.on('open', () => {
      for (const frame of frames) socket.send(frame);
      socket.send(JSON.stringify({ type: 'ping' }));
    });
    socket.on('message', (data) => {
      const answer = JSON.parse(String(data)) as Answered;
      answers.push(answer);
      if (answer.type === 'pong') pongsLeft -= 1;
      if (pongsLeft === 0) resolve([...answers]);
    });
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`the connection was closed with ${code}`)));
  });
  return within('the pong', done).finally(() => socket.terminate());
}

function isPing(frame: string): boolean {
  try {
    return clientFrameSchema.safeParse(JSON.parse(frame)).data?.type === 'ping';
  } catch {
    return false;
  }
}
