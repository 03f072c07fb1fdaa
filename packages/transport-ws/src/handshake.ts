import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { bearerToken } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';

const SUBPROTOCOL_PREFIX = 'bearer.';

/**
 * The key that a handshake presents: by the subprotocol `bearer.<key>`, which browsers can send, or by the `Authorization`
 * header. Never by the query, which ends up in logs.
 */
export function tokenOf(headers: IncomingMessage['headers']): string | undefined {
  const offered = subprotocolsOf(headers).find((each) => each.startsWith(SUBPROTOCOL_PREFIX));
  if (offered === undefined) return bearerToken(headers.authorization);
  const token = offered.slice(SUBPROTOCOL_PREFIX.length);
  try {
    // What may not stand in a subprotocol is percent-encoded.
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}

/** One of the offered must be chosen, or browsers give up; the key is echoed only when nothing else was offered. */
export function chooseSubprotocol(offered: ReadonlySet<string>): string | false {
  const [first] = offered;
  return [...offered].find((each) => !each.startsWith(SUBPROTOCOL_PREFIX)) ?? first ?? false;
}

/**
 * Checks what the WebSocket library would answer with a bare status, or not survive.
 * @throws AgentServerError
 */
export function checkHandshake(request: IncomingMessage, paths: ReadonlySet<string>): void {
  const { headers } = request;
  if (!paths.has(pathOf(request))) {
    throw new AgentServerError('not_found', `WebSockets are served at ${[...paths].join(' and ')}.`);
  }
  const isWebSocket =
    request.method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    /^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '') &&
    /^(8|13)$/.test(headers['sec-websocket-version'] ?? '') &&
    subprotocolsOf(headers).every((each, index, all) => TOKEN.test(each) && all.indexOf(each) === index);
  if (!isWebSocket) {
    throw new AgentServerError(
      'invalid_request',
      'The WebSocket handshake is malformed, or of another version than 13.',
    );
  }
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function subprotocolsOf(headers: IncomingMessage['headers']): string[] {
  const header = headers['sec-websocket-protocol'];
  return header === undefined ? [] : header.split(',').map((each) => each.trim());
}

export const pathOf = (request: IncomingMessage): string => (request.url ?? '').split('?', 1)[0] ?? '';

/** Answers an upgrade that is not to be, as any other request would be answered. */
export function refuseUpgrade(socket: Duplex, thrown: unknown): void {
  const error = AgentServerError.from(thrown);
  const body = JSON.stringify(error.toProblem());
  socket.end(
    [
      `HTTP/1.1 ${error.status} Refused`,
      'Connection: close',
      'Content-Type: application/problem+json',
      'X-Content-Type-Options: nosniff',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
}
