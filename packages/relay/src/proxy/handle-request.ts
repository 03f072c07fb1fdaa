import type { IncomingMessage, ServerResponse } from 'node:http';
import { apiOfPath } from '../apis/index.ts';
import type { ModelApi } from '../apis/model-api.ts';
import type { RelayConfiguration, Upstream } from '../configuration.ts';
import type { Ledger } from '../limits/ledger.ts';
import type { Revocations } from '../limits/revocations.ts';
import type { RelayLog } from '../log.ts';
import { readToken, type TokenClaims } from '../token.ts';
import { bodyTooLarge, forward } from './forward.ts';
import { isRefusal, type Refusal, refuse } from './refusal.ts';
import type { UpstreamConnections } from './upstream-connections.ts';

/** What requests are judged by. */
export interface Gate {
  /** Absent until the server has configured the relay. */
  configuration(): RelayConfiguration | undefined;
  revocations: Revocations;
  ledger: Ledger;
  connections: UpstreamConnections;
  now(): number;
  log: RelayLog;
}

/** Answers one request of a sandbox: hands it on to the model, or refuses it. Never rejects. */
export async function handleRequest(
  gate: Gate,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = new URL(request.url ?? '/', 'http://relay');
  const api = apiOfPath(target.pathname);
  // Some versions of Claude Code look this way whether there is anybody.
  if (request.method === 'HEAD' && target.pathname === '/') {
    response.writeHead(200).end();
    return;
  }
  const reject = (refusal: Refusal, sessionId?: string): void => {
    const { status, code } = refusal;
    gate.log('request:refused', { status, code, ...(sessionId === undefined ? {} : { sessionId }) });
    refuse(request, response, api, refusal);
  };

  const configuration = gate.configuration();
  if (!configuration) return reject(NOT_CONFIGURED);
  const claims = authenticate(gate, configuration, api, request);
  if (isRefusal(claims)) return reject(claims);
  const { sessionId, limits } = claims;
  const upstream = authorize(configuration, api, claims, `${request.method} ${target.pathname}`);
  if (isRefusal(upstream)) return reject(upstream, sessionId);
  if (Number(request.headers['content-length'] ?? 0) > limits.bodyBytes) {
    return reject(bodyTooLarge(limits.bodyBytes), sessionId);
  }
  const admission = gate.ledger.admit(claims);
  if (isRefusal(admission)) return reject(admission, sessionId);

  const { status, outputTokens, refusal } = await forward({
    request,
    response,
    api,
    upstream,
    path: `${target.pathname}${target.search}`,
    maximumBodyBytes: limits.bodyBytes,
    deadlines: configuration.deadlines,
    connections: gate.connections,
  });
  admission.end(outputTokens);
  if (refusal) reject(refusal, sessionId);
  else if (status !== undefined && status >= 400) gate.log('upstream:error', { status, sessionId });
}

const NOT_CONFIGURED: Refusal = {
  status: 503,
  code: 'not_configured',
  message: 'The relay has just started and has no key yet. Try again.',
  retryAfterMs: 1_000,
};

function authenticate(
  { revocations, now }: Gate,
  configuration: RelayConfiguration,
  api: ModelApi,
  request: IncomingMessage,
): TokenClaims | Refusal {
  const unauthorized = (code: string, message: string): Refusal => ({ status: 401, code, message });
  const token = api.token(request.headers);
  if (token === undefined) {
    return unauthorized(
      'token_missing',
      'Send the token of your session as x-api-key or Authorization: Bearer.',
    );
  }
  const claims = readToken(Buffer.from(configuration.secret, 'base64'), token);
  if (!claims) {
    return unauthorized(
      'token_invalid',
      'This is no token of this relay. Use the one that your session was given.',
    );
  }
  if (claims.expiresAt <= now()) {
    return unauthorized(
      'token_expired',
      'The token of this session has expired. Terminate its sandbox: a new one has a new token.',
    );
  }
  if (revocations.covers(claims)) {
    return unauthorized(
      'token_revoked',
      'The token of this session was revoked. Its sandbox should be gone.',
    );
  }
  return claims;
}

function authorize(
  configuration: RelayConfiguration,
  api: ModelApi,
  claims: TokenClaims,
  operation: string,
): Upstream | Refusal {
  const forbidden = (code: string, message: string): Refusal => ({ status: 403, code, message });
  if (claims.provider !== api.provider || !api.allowed.has(operation)) {
    return forbidden(
      'path_not_allowed',
      `The relay does not pass on ${operation.slice(0, 200)}. Allowed are ${[...api.allowed].join(', ')}.`,
    );
  }
  return (
    configuration.upstreams[claims.provider] ??
    forbidden('no_upstream', `This server has no key for ${claims.provider}. Give it one and start it again.`)
  );
}
