import { AgentServerError } from '@hhopkins/agent-protocol';
import type { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import type { HttpContext, HttpEnvironment } from './environment.ts';

/** A route: what `/openapi.json` says of it, and what it does. */
export interface Endpoint {
  route: ReturnType<typeof createRoute>;
  handle(context: HttpContext): Response | Promise<Response>;
}

/**
 * Registers the endpoints in order, and after those of a path an answer for every other method. Bodies and queries are
 * read by the handlers: validation belongs to the engine, which parses whatever the transport.
 */
export function mountEndpoints(app: OpenAPIHono<HttpEnvironment>, endpoints: readonly Endpoint[]): void {
  for (const { route } of endpoints) app.openAPIRegistry.registerPath(route);
  for (const [path, group] of groupByPath(endpoints)) {
    for (const { route, handle } of group) app.on(route.method.toUpperCase(), path, handle);
    const methods = group.map(({ route }) => route.method.toUpperCase());
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'];
    app.all(path, (context) => {
      if (context.req.method === 'OPTIONS') {
        return new Response(null, { status: 204, headers: { allow: allow.join(', ') } });
      }
      throw new AgentServerError(
        'method_not_allowed',
        `${context.req.method} is not supported here; ${allow.join(', ')} are.`,
        { details: { allow } },
      );
    });
  }
}

function groupByPath(endpoints: readonly Endpoint[]): Map<string, Endpoint[]> {
  const groups = new Map<string, Endpoint[]>();
  for (const endpoint of endpoints) {
    const path = routingPath(endpoint.route.path);
    groups.set(path, [...(groups.get(path) ?? []), endpoint]);
  }
  return groups;
}

/** `{name}` is one segment, a final `{path}` all that are left. */
const routingPath = (path: string): string =>
  path.replace(/\{path\}$/, ':path{.+}').replace(/\{(\w+)\}/g, ':$1');
