import type {
  CreateSessionRequest,
  CreateSessionResponse,
  GetSessionResponse,
  ReadEventsResponse,
  SendMessageRequest,
  SendMessageResponse,
  Session,
} from '@hhopkins/agent-protocol';
import { PATIENCE_MS } from './deadline.ts';

export interface Answer<Body = unknown> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface RestClient {
  /** Any request; JSON answers are parsed, others are text. */
  ask<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer<Body>>;
  create(request: CreateSessionRequest): Promise<Session>;
  send(sessionId: string, message: SendMessageRequest | string, key?: string): Promise<SendMessageResponse>;
  get(sessionId: string): Promise<GetSessionResponse>;
  events(sessionId: string, after?: number): Promise<ReadEventsResponse>;
  file(sessionId: string, path: string): Promise<string>;
}

/** REST of a server whose address may change when it is started again. Convenience methods reject unless it is a 2xx. */
export function restClient(url: () => string): RestClient {
  const ask: RestClient['ask'] = async (method, path, body, headers = {}) => {
    const answer = await fetch(`${url()}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json');
    return { status: answer.status, headers: answer.headers, body: isJson && text ? JSON.parse(text) : text };
  };
  const demand = async <Body>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Body> => {
    const answer = await ask<Body>(method, path, body, headers);
    if (answer.status < 300) return answer.body;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  };
  return {
    ask,
    async create(request) {
      return (await demand<CreateSessionResponse>('POST', '/sessions/create', request)).session;
    },
    send: (sessionId, message, key) =>
      demand(
        'POST',
        `/sessions/${sessionId}/message`,
        typeof message === 'string' ? { content: message } : message,
        key === undefined ? {} : { 'idempotency-key': key },
      ),
    get: (sessionId) => demand('GET', `/sessions/${sessionId}`),
    events: (sessionId, after = 0) =>
      demand('GET', `/sessions/${sessionId}/events?after=${after}&limit=1000`),
    file: (sessionId, path) => demand('GET', `/sessions/${sessionId}/files/${path}`),
  };
}
