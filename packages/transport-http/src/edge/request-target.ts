import { AgentServerError } from '@hhopkins/agent-protocol';
import type { MiddlewareHandler } from 'hono';
import type { HttpContext, HttpEnvironment } from './environment.ts';

/**
 * Refuses targets that say one thing and mean another: malformed percent-encodings, and `.` or `..` segments in any
 * spelling, which URL parsers would resolve silently, so that a request for a file could become one for a session.
 */
export const checkRequestTarget: MiddlewareHandler<HttpEnvironment> = async (context, next) => {
  const [path = '', query = ''] = split(targetOf(context));
  const segments = decode(path, 'path').split(/[/\\]/);
  if (segments.includes('..') || segments.includes('.')) {
    throw new AgentServerError('invalid_request', 'The path must not contain "." or ".." segments.');
  }
  decode(query.replaceAll('+', ' '), 'query');
  await next();
};

/** Path and query as the client wrote them, where the runtime still knows. */
function targetOf(context: HttpContext): string {
  const target = context.env?.incoming?.url ?? context.req.url;
  return target.replace(/^https?:\/\/[^/?]*/i, '');
}

function split(target: string): [path: string, query: string] {
  const at = target.indexOf('?');
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}

function decode(text: string, where: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new AgentServerError('invalid_request', `The ${where} has a malformed percent-encoding.`, {
      cause,
    });
  }
}
