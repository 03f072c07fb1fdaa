import type { CreateSessionRequest, UpdateSessionRequest } from '@hhopkins/agent-protocol';
import { listSessionsQuerySchema } from '@hhopkins/agent-protocol';
import { z } from 'zod';
import { readJson } from '../edge/body.ts';
import type { Endpoint } from '../edge/endpoint.ts';
import { callerOf, parameterOf, queryOf } from '../edge/input.ts';
import { describe } from '../openapi/describe.ts';
import type { RouteParts } from './parts.ts';

const atQuery = z.object({ at: z.coerce.number().int().nonnegative().optional() });
const purgeQuery = z.object({ purge: z.enum(['true', 'false']).optional() });

/** Sessions as a whole. */
export function sessionEndpoints({ sessions, ask, limits }: RouteParts): Endpoint[] {
  return [
    describe(
      {
        method: 'post',
        path: '/sessions/create',
        tag: 'sessions',
        summary: 'Creates a session',
        body: 'CreateSessionRequest',
        command: true,
        status: 201,
        answer: 'CreateSessionResponse',
      },
      async (context) => {
        const caller = callerOf(context);
        const body = (await readJson(context, limits.bodyBytes)) as CreateSessionRequest;
        const created = await ask(sessions.create(caller, body));
        context.header('location', `/sessions/${encodeURIComponent(created.sessionId)}`);
        return context.json(created, 201);
      },
    ),
    describe(
      {
        method: 'get',
        path: '/sessions',
        tag: 'sessions',
        summary: 'Lists sessions, those used last first',
        query: listSessionsQuerySchema,
        answer: 'ListSessionsResponse',
      },
      async (context) => context.json(await ask(sessions.list(queryOf(context, listSessionsQuerySchema)))),
    ),
    describe(
      {
        method: 'get',
        path: '/sessions/{sessionId}',
        tag: 'sessions',
        summary: 'A session with its conversation, now or as it was at a seq',
        query: atQuery,
        answer: 'GetSessionResponse',
      },
      async (context) => {
        const { at } = queryOf(context, atQuery);
        return context.json(await ask(sessions.get(parameterOf(context, 'sessionId'), at)));
      },
    ),
    describe(
      {
        method: 'patch',
        path: '/sessions/{sessionId}',
        tag: 'sessions',
        summary: 'Changes name, metadata or options',
        body: 'UpdateSessionRequest',
        command: true,
        answer: 'Session',
      },
      async (context) => {
        const caller = callerOf(context);
        const body = (await readJson(context, limits.bodyBytes)) as UpdateSessionRequest;
        return context.json(await ask(sessions.update(caller, parameterOf(context, 'sessionId'), body)));
      },
    ),
    describe(
      {
        method: 'delete',
        path: '/sessions/{sessionId}',
        tag: 'sessions',
        summary: 'Ends a session; with purge its record goes too',
        query: purgeQuery,
        command: true,
        status: 204,
      },
      async (context) => {
        const purge = queryOf(context, purgeQuery).purge === 'true';
        await ask(sessions.delete(callerOf(context), parameterOf(context, 'sessionId'), { purge }));
        return context.body(null, 204);
      },
    ),
  ];
}
