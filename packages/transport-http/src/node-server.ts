import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { getRequestListener } from '@hono/node-server';
import { malformedRequestResponse } from './edge/problem.ts';
import type { HttpTransport } from './transport.ts';

/**
 * A Node server for the transport, not yet listening. Unlike a plain one it answers with coded problems even what never
 * becomes a request. The caller listens and closes.
 *
 * @example
 * const server = createNodeServer(createHttpTransport({ engine }));
 * server.listen(3000, '127.0.0.1');
 */
export function createNodeServer({ app }: HttpTransport): Server {
  const listener = getRequestListener(app.fetch, { errorHandler: malformedRequestResponse });
  const server = createServer(listener);
  server.on('clientError', answerClientError);
  return server;
}

function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const problem = new AgentServerError(
    error.code === 'HPE_HEADER_OVERFLOW' ? 'payload_too_large' : 'invalid_request',
    error.code === 'HPE_HEADER_OVERFLOW' ? 'The headers are too large.' : 'This is not a valid HTTP request.',
  ).toProblem();
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} Refused\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
