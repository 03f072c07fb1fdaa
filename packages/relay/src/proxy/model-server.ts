import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { limitConnections } from './connection-limit.ts';
import { type Gate, handleRequest } from './handle-request.ts';

/** Connections of all sandboxes together, a count. */
const MOST_CONNECTIONS = 1024;
/** Until a request's head is there, and until all of it is, in milliseconds. */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 300_000;

/** The HTTP server that sandboxes reach. It is not listening yet. */
export function createModelServer(gate: Gate): Server {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: HEADERS_TIMEOUT_MS / 3,
      keepAliveTimeout: 65_000,
    },
    (request, response) => {
      request.on('error', () => response.destroy());
      response.on('error', () => request.destroy());
      handleRequest(gate, request, response).catch((error: unknown) => {
        gate.log('request:failed', { error: error instanceof Error ? error.name : 'unknown' });
        response.destroy();
      });
    },
  );
  limitConnections(server, MOST_CONNECTIONS);
  // The place of the egress proxy: it will answer CONNECT for the hosts that a token allows.
  server.on('connect', (_request, socket) => refuseTunnel(socket));
  server.on('upgrade', (_request, socket) => refuseTunnel(socket));
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}

function refuseTunnel(socket: Duplex): void {
  socket.on('error', () => socket.destroy());
  socket.end(
    'HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\nx-refused: egress_not_available\r\n\r\n',
  );
}
