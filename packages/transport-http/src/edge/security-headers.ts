import type { MiddlewareHandler } from 'hono';
import type { HttpEnvironment } from './environment.ts';

/** For answers that say nothing else: not sniffed, not cached, not framed, not embedded by other sites. */
const HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

export const securityHeaders: MiddlewareHandler<HttpEnvironment> = async (context, next) => {
  await next();
  const { headers } = context.res;
  for (const [name, value] of Object.entries(HEADERS)) {
    if (!headers.has(name)) headers.set(name, value);
  }
};
