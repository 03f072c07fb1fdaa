import type { Logger } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';

/**
 * Any error as an answer. What is not of our error family becomes `internal`: the client gets an id, the log gets the rest.
 */
export function problemResponse(thrown: unknown, request: string, logger?: Logger): Response {
  const error = AgentServerError.from(thrown);
  const problem: Record<string, unknown> = { ...error.toProblem() };
  if (error.status >= 500) {
    const id = crypto.randomUUID();
    problem.instance = `urn:uuid:${id}`;
    logger?.log(error.code === 'internal' ? 'error' : 'warn', `${request} failed`, {
      id,
      code: error.code,
      error: error.cause ?? error,
    });
  }
  const headers = new Headers({ 'content-type': 'application/problem+json' });
  if (error.code === 'unauthorized') headers.set('www-authenticate', 'Bearer');
  if (error.code === 'method_not_allowed' && Array.isArray(error.details?.allow)) {
    headers.set('allow', error.details.allow.join(', '));
  }
  return new Response(JSON.stringify(problem), { status: error.status, headers });
}

/**
 * Answers what never became a request, such as a malformed `Host` header, when it is given to node-server as `errorHandler`.
 *
 * @example
 * createServer(getRequestListener(transport.app.fetch, { errorHandler: malformedRequestResponse }));
 */
export function malformedRequestResponse(thrown: unknown): Response {
  const malformed = thrown instanceof Error && thrown.name === 'RequestError';
  const error = malformed
    ? new AgentServerError('invalid_request', 'The request line or the Host header is malformed.')
    : thrown;
  return problemResponse(error, 'a request');
}
