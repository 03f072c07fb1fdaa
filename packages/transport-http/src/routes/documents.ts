import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Endpoint } from '../edge/endpoint.ts';
import type { HttpEnvironment } from '../edge/environment.ts';
import { componentSchemas } from '../openapi/components.ts';
import { describe } from '../openapi/describe.ts';
import { documentationPage } from '../openapi/page.ts';

/** The contract, for machines and for people. Made on the first request. */
export function documentEndpoints(app: OpenAPIHono<HttpEnvironment>, version: string): Endpoint[] {
  let document: object | undefined;
  const openapi = () => {
    document ??= createDocument(app, version);
    return document;
  };
  return [
    describe(
      {
        method: 'get',
        path: '/openapi.json',
        tag: 'documents',
        summary: 'This contract as OpenAPI 3.1',
        open: true,
        answer: { type: 'object' },
      },
      (context) => context.json(openapi()),
    ),
    describe(
      {
        method: 'get',
        path: '/docs',
        tag: 'documents',
        summary: 'This contract as a page',
        open: true,
        answer: { mediaType: 'text/html' },
      },
      (context) =>
        context.html(documentationPage(openapi()), 200, {
          'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        }),
    ),
  ];
}

function createDocument(app: OpenAPIHono<HttpEnvironment>, version: string): object {
  const registry = app.openAPIRegistry;
  registry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' });
  for (const [name, schema] of Object.entries(componentSchemas())) {
    registry.registerComponent('schemas', name, schema);
  }
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'agent-server', version, license: { name: 'MIT' } },
  });
}
