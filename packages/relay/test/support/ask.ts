import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Question {
  token?: string;
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  signal?: AbortSignal;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Sends a request over the relay's socket, and resolves when its answer begins. */
export function open(socketPath: string, question: Question): Promise<IncomingMessage> {
  const { token, method = 'POST', path = '/v1/messages', headers = {}, body = '{}', signal } = question;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { socketPath, method, path, signal, headers: { ...(token ? { 'x-api-key': token } : {}), ...headers } },
      resolve,
    );
    outgoing.on('error', reject);
    outgoing.end(method === 'HEAD' || method === 'GET' ? undefined : body);
  });
}

/** Sends a request and reads all of its answer. */
export async function ask(socketPath: string, question: Question): Promise<Answer> {
  const answer = await open(socketPath, question);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: await text(answer) };
}

/** An answer that is an error of the API, in short. */
export function errorOf({ status, body }: Answer): {
  status: number;
  type: string;
  code: string;
  message: string;
} {
  const parsed = JSON.parse(body) as { type: string; error: { type: string; code: string; message: string } };
  if (parsed.type !== 'error') throw new Error(`That is no error: ${body}`);
  return { status, ...parsed.error };
}
