import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request as openRequest } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { problemSchema } from '@hhopkins/agent-protocol';
import { inTime } from '../deadline.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  json(): unknown;
}

export interface Sending {
  headers?: Record<string, string>;
  body?: string | Uint8Array | Iterable<Uint8Array> | undefined;
}

/** A request on a connection of its own, its target sent exactly as written. */
export function send(url: string, method: string, target: string, sending: Sending = {}): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const { body } = sending;
  const isWhole = typeof body === 'string' || body instanceof Uint8Array;
  const headers = {
    ...(isWhole ? { 'content-length': String(Buffer.byteLength(body)) } : {}),
    ...sending.headers,
  };
  const answer = new Promise<Answer>((resolve, reject) => {
    const request = openRequest(
      { hostname, port, method, path: target, headers, agent: false },
      (response) => {
        buffer(response).then(
          (content) =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: content,
              json: () => JSON.parse(content.toString('utf8')),
            }),
          reject,
        );
      },
    );
    let answered = false;
    request.on('response', () => {
      answered = true;
    });
    // A server may answer and hang up before it has read all that it refuses.
    request.on('error', (error) => answered || reject(error));
    if (body === undefined || isWhole) request.end(body);
    else Readable.from(body).pipe(request);
  });
  return inTime(`the answer to ${method} ${target.slice(0, 100)}`, answer);
}

/** With a JSON body. */
export const sendJson = (
  url: string,
  method: string,
  target: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  send(url, method, target, {
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

/** Holds an answer to the form of every error. */
export function assertProblem(answer: Answer, status: number, code: string): void {
  const text = answer.body.toString('utf8');
  assert.equal(answer.status, status, `status of ${text.slice(0, 300)}`);
  assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json/, 'media type of an error');
  const problem = problemSchema.parse(JSON.parse(text));
  assert.equal(problem.code, code, `code of ${text.slice(0, 300)}`);
  assert.equal(problem.status, status, 'status in the body');
  assert.ok(problem.detail.length > 0, 'an error says what was wrong');
}

/** Writes bytes that need not be HTTP, and reads the answer until the server hangs up. */
export function sendBytes(url: string, bytes: string): Promise<Answer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () => socket.write(bytes));
  const answer = new Promise<Answer>((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
      const [head = '', body] = text.split('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      if (body === undefined || Buffer.byteLength(body) < length) return;
      const [statusLine = '', ...lines] = head.split('\r\n');
      const headers = Object.fromEntries(
        lines.map((line) => [line.split(': ')[0]?.toLowerCase(), line.split(': ')[1]]),
      );
      resolve({
        status: Number(statusLine.split(' ')[1]),
        headers,
        body: Buffer.from(body),
        json: () => JSON.parse(body),
      });
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`the server hung up after ${JSON.stringify(text)}`)));
  });
  return inTime('the answer', answer).finally(() => socket.destroy());
}
