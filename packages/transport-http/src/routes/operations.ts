import { systemClock, withDeadline } from '@hhopkins/agent-core';
import { AgentServerError, type Architecture, type Health } from '@hhopkins/agent-protocol';
import type { Endpoint } from '../edge/endpoint.ts';
import { describe } from '../openapi/describe.ts';
import { metricsText } from '../operations/metrics-text.ts';
import type { RouteParts } from './parts.ts';

/** What the server is, said by whoever assembled it. */
export interface HealthInfo {
  version: string;
  /** The store, for people, e.g. `sqlite`. Never with a password in it. */
  store: string;
}

export interface OperationsParts extends RouteParts {
  healthInfo: HealthInfo;
  /** Counters and gauges of other parts, by their full names. */
  metrics: (() => Readonly<Record<string, number>>) | undefined;
}

/** For those who run the server. */
export function operationsEndpoints({ engine, limits, healthInfo, metrics }: OperationsParts): Endpoint[] {
  const startedAt = performance.now();

  /** Locating agents may be slow or fail; health is answered all the same. */
  const architectures = (): Promise<Architecture[]> =>
    withDeadline(systemClock, limits.healthMs, 'The list of agents', engine.architectures()).catch(() => []);

  return [
    describe(
      {
        method: 'get',
        path: '/health',
        tag: 'operations',
        summary: 'What this server is made of; answers as long as it lives',
        open: true,
        answer: 'Health',
      },
      async (context) => {
        const status = engine.status();
        const health: Health = {
          status: status.stopping ? 'stopping' : 'ok',
          version: healthInfo.version,
          uptimeMs: Math.round(performance.now() - startedAt),
          store: healthInfo.store,
          durability: status.durability,
          sandbox: status.sandbox.provider,
          isolation: status.sandbox.isolation,
          model: status.model,
          architectures: await architectures(),
          sessions: status.sessions,
        };
        return context.json(health);
      },
    ),
    describe(
      {
        method: 'get',
        path: '/ready',
        tag: 'operations',
        summary: 'Whether commands can be taken: 200, or 503 and why not',
        open: true,
        answer: { type: 'object', required: ['ready'], properties: { ready: { type: 'boolean' } } },
      },
      (context) => {
        const { ready, stopping, problems } = engine.status();
        if (ready) return context.json({ ready: true });
        const code = stopping ? 'shutting_down' : 'store_unavailable';
        throw new AgentServerError(code, problems.join(' ') || 'The server cannot take commands now.');
      },
    ),
    describe(
      {
        method: 'get',
        path: '/metrics',
        tag: 'operations',
        summary: 'Counters and gauges in the text format of Prometheus',
        answer: { mediaType: 'text/plain' },
      },
      (context) =>
        context.body(metricsText({ ...engine.status().metrics, ...metrics?.() }), 200, {
          'content-type': 'text/plain; version=0.0.4; charset=utf-8',
        }),
    ),
  ];
}
