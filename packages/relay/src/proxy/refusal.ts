import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ModelApi } from '../apis/model-api.ts';

/** Why the relay answers a request itself. */
export interface Refusal {
  status: number;
  /** Stable; in the body as `error.code`. */
  code: string;
  /** What is wrong and what to do. */
  message: string;
  retryAfterMs?: number;
}

export function isRefusal(value: object): value is Refusal {
  return 'status' in value && 'code' in value;
}

/** What is read and thrown away of a refused request's body, in bytes, so that its sender gets to see the answer. */
const DRAINED_BYTES = 64 * 1024 * 1024;

/** Answers in the words of the API, and says to the agent's client library whether trying again can help. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  api: ModelApi,
  refusal: Refusal,
): void {
  const { status, code, message, retryAfterMs } = refusal;
  drain(request);
  if (response.destroyed) return;
  if (response.headersSent) {
    // The agent sees an answer that broke off, which it may try again.
    response.destroy();
    return;
  }
  const body = Buffer.from(`${JSON.stringify(api.error(status, code, message))}\n`);
  const retryable = status === 429 || status >= 500;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.length,
    'x-should-retry': String(retryable),
    ...(retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
  });
  response.end(body);
}

function drain(request: IncomingMessage): void {
  request.unpipe();
  if (request.complete || request.destroyed) {
    request.resume();
    return;
  }
  let drained = 0;
  request.on('data', (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > DRAINED_BYTES) request.destroy();
  });
}
