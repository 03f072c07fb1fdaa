import { type AccessPolicy, bearerToken } from '@hhopkins/agent-core';
import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { HttpContext, HttpEnvironment } from './environment.ts';

/** Refuses foreign hosts and foreign pages, before anything else is looked at. */
export function checkOrigin(access: AccessPolicy): MiddlewareHandler<HttpEnvironment> {
  return async (context, next) => {
    access.checkOrigin({ host: hostOf(context), origin: context.req.header('origin') });
    await next();
  };
}

/** Lets the pages of allowed origins read the answers. Preflights of others never come this far. */
export function allowOrigins(access: AccessPolicy): MiddlewareHandler<HttpEnvironment> {
  const middleware = cors({
    origin: (origin) => (access.allowsOrigin(origin) ? origin : null),
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-None-Match', 'Last-Event-ID'],
    exposeHeaders: ['ETag', 'Content-Disposition', 'Last-Modified'],
    maxAge: 600,
  });
  return (context, next) => {
    const origin = context.req.header('origin');
    return origin !== undefined && access.allowsOrigin(origin) ? middleware(context, next) : next();
  };
}

/** Asks for the key, where one is set, on every path that is not `open`. */
export function authenticate(
  access: AccessPolicy,
  open: ReadonlySet<string>,
): MiddlewareHandler<HttpEnvironment> {
  return async (context, next) => {
    if (!open.has(context.req.path)) {
      context.set('principal', access.authenticate(bearerToken(context.req.header('authorization'))));
    }
    await next();
  };
}

/** Of the header; of the URL when the app is called without a connection. */
function hostOf(context: HttpContext): string {
  return context.req.header('host') ?? new URL(context.req.url).host;
}
