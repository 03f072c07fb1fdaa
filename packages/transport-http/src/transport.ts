import {
  type AccessPolicy,
  createAccessPolicy,
  type Logger,
  type SessionEngine,
  systemClock,
  withDeadline,
} from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { OpenAPIHono } from '@hono/zod-openapi';
import { allowOrigins, authenticate, checkOrigin } from './edge/access.ts';
import { mountEndpoints } from './edge/endpoint.ts';
import type { HttpEnvironment } from './edge/environment.ts';
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from './edge/limits.ts';
import { problemResponse } from './edge/problem.ts';
import { checkRequestTarget } from './edge/request-target.ts';
import { securityHeaders } from './edge/security-headers.ts';
import { catalogEndpoints } from './routes/catalog.ts';
import { commandEndpoints } from './routes/commands.ts';
import { documentEndpoints } from './routes/documents.ts';
import { eventEndpoints } from './routes/events.ts';
import { fileEndpoints } from './routes/files.ts';
import { type HealthInfo, operationsEndpoints } from './routes/operations.ts';
import type { RouteParts } from './routes/parts.ts';
import { sessionEndpoints } from './routes/sessions.ts';

export interface HttpTransportOptions {
  engine: SessionEngine;
  /** Default: no key, and reachable under loopback names only. */
  access?: AccessPolicy | undefined;
  limits?: Partial<HttpLimits> | undefined;
  logger?: Logger | undefined;
  healthInfo?: HealthInfo | undefined;
  /** Counters and gauges that `/metrics` shows beside the engine's, e.g. those of the WebSocket transport. */
  metrics?: (() => Readonly<Record<string, number>>) | undefined;
}

export interface HttpTransport {
  /** Every route of the contract. Give `app.fetch` to a server, or mount the app in one of your own. */
  readonly app: OpenAPIHono<HttpEnvironment>;
}

/** Paths that answer without a key: what a supervisor asks, and the contract, which is no secret. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/health', '/ready', '/openapi.json', '/docs']);

/**
 * The engine's REST and server-sent-events interface. It translates and decides nothing: bodies are parsed by the engine.
 *
 * @example
 * const { app } = createHttpTransport({ engine, access: createAccessPolicy({ apiKey }) });
 * serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 3000 });
 */
export function createHttpTransport(options: HttpTransportOptions): HttpTransport {
  const { engine, logger, access = createAccessPolicy() } = options;
  const limits = { ...DEFAULT_HTTP_LIMITS, ...options.limits };
  const healthInfo = options.healthInfo ?? { version: 'unknown', store: 'unknown' };
  const parts: RouteParts = {
    engine,
    sessions: engine.sessions,
    limits,
    logger,
    ask: (answer) => withDeadline(systemClock, limits.requestMs, 'The answer', answer),
  };

  const app = new OpenAPIHono<HttpEnvironment>();
  app.onError((error, { req }) => problemResponse(error, `${req.method} ${req.path}`, logger));
  app.notFound(({ req }) => {
    const error = new AgentServerError(
      'not_found',
      `There is no route ${req.method} ${req.path.slice(0, 200)}.`,
    );
    return problemResponse(error, 'a request');
  });
  app.use(
    securityHeaders,
    checkOrigin(access),
    checkRequestTarget,
    allowOrigins(access),
    authenticate(access, OPEN_PATHS),
  );
  mountEndpoints(app, [
    ...sessionEndpoints(parts),
    ...commandEndpoints(parts),
    ...eventEndpoints(parts),
    ...fileEndpoints(parts),
    ...catalogEndpoints(parts),
    ...operationsEndpoints({ ...parts, healthInfo, metrics: options.metrics }),
    ...documentEndpoints(app, healthInfo.version),
  ]);
  return { app };
}
