import { idSchema } from '@hhopkins/agent-protocol';
import { createRoute } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Endpoint } from '../edge/endpoint.ts';
import { type ComponentName, reference } from './components.ts';

interface Description {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With parameters in braces; a final `{path}` takes several segments. */
  path: string;
  tag: string;
  summary: string;
  query?: z.ZodObject;
  /** Name of the JSON body's schema, or a raw body. */
  body?: ComponentName | 'raw';
  /** Takes an `Idempotency-Key`. */
  command?: boolean;
  /** Answers without a key. */
  open?: boolean;
  status?: 200 | 201 | 202 | 204;
  /** What a success says: a schema's name, a schema, or a media type of raw content. */
  answer?: ComponentName | object | { mediaType: string };
}

/** The OpenAPI half of an endpoint, with what all of them have in common filled in. */
export function describe(description: Description, handle: Endpoint['handle']): Endpoint {
  const { method, path, tag, summary, query, body, command, open, status = 200, answer } = description;
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const route = createRoute({
    method,
    path,
    tags: [tag],
    summary,
    security: open ? [] : [{ key: [] }],
    request: {
      ...(names.length > 0
        ? { params: z.object(Object.fromEntries(names.map((name) => [name, idSchema]))) }
        : {}),
      ...(query ? { query } : {}),
      ...(command ? { headers: z.object({ 'idempotency-key': idSchema.optional() }) } : {}),
      ...(body === undefined ? {} : { body: { content: contentOf(body === 'raw' ? OCTETS : body) } }),
    },
    responses: {
      [status]: { description: summary, ...(answer === undefined ? {} : { content: contentOf(answer) }) },
      default: {
        description: 'An error with a stable code',
        content: { 'application/problem+json': { schema: reference('Problem') } },
      },
    },
  });
  return { route, handle };
}

const OCTETS = { mediaType: 'application/octet-stream' };

function contentOf(answer: ComponentName | object) {
  if (typeof answer === 'string') return { 'application/json': { schema: reference(answer) } };
  if ('mediaType' in answer) {
    return { [String(answer.mediaType)]: { schema: { type: 'string', format: 'binary' } as const } };
  }
  return { 'application/json': { schema: answer } };
}

/** `{ [name]: [component, …] }`, the form of short lists. */
export const listOf = (name: string, component: ComponentName) => ({
  type: 'object',
  required: [name],
  properties: { [name]: { type: 'array', items: reference(component) } },
});
