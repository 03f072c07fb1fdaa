import type { Caller } from '@hhopkins/agent-core';
import { AgentServerError, idSchema, parseOrThrow } from '@hhopkins/agent-protocol';
import type { z } from 'zod';
import type { HttpContext } from './environment.ts';

/** Who asks, and the `Idempotency-Key` that makes asking again safe. */
export function callerOf(context: HttpContext): Caller {
  const key = context.req.header('idempotency-key');
  return {
    principal: context.var.principal,
    commandId: key === undefined ? undefined : parseOrThrow(idSchema, key, 'header Idempotency-Key'),
  };
}

/** A path parameter, decoded. */
export function parameterOf(context: HttpContext, name: string): string {
  return parseOrThrow(idSchema, context.req.param(name) ?? '', `path parameter ${name}`);
}

/**
 * The query as `schema` reads it. A parameter given twice is refused rather than one of the two believed, and so is a
 * number that is not written as one. Unknown parameters are ignored.
 */
export function queryOf<Output>(context: HttpContext, schema: z.ZodType<Output>): Output {
  const query: Record<string, string> = {};
  for (const [name, values] of Object.entries(context.req.queries())) {
    const [value = ''] = values;
    if (values.length > 1) throw invalidQuery(name, 'given more than once');
    if (COUNTS.has(name) && !/^\d{1,15}$/.test(value)) throw invalidQuery(name, 'must be a whole number');
    query[name] = value;
  }
  return parseOrThrow(schema, query, 'query');
}

const COUNTS = new Set(['after', 'at', 'limit']);

const invalidQuery = (path: string, message: string): AgentServerError =>
  new AgentServerError('invalid_request', `query: ${path}: ${message}`, { issues: [{ path, message }] });
