import { html, raw } from 'hono/html';

interface Operation {
  summary?: string;
  tags?: string[];
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { content: Record<string, { schema?: unknown }> };
  responses: Record<string, { content?: Record<string, { schema?: unknown }> }>;
}
interface Document {
  paths?: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, unknown> };
}

/** The OpenAPI document as one page without scripts: nothing is loaded, so nothing can leak. */
export function documentationPage(document: Document) {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
  const schemas = Object.entries(document.components?.schemas ?? {});
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>agent-server API</title><style>${raw(STYLE)}</style></head>
<body>
<h1>agent-server API</h1>
<p>The same as <a href="openapi.json">openapi.json</a>. Errors are <code>application/problem+json</code> with a stable <code>code</code>.</p>
${operations.map(({ method, path, operation }) => operationSection(method, path, operation))}
<h2>Schemas</h2>
${schemas.map(
  ([name, schema]) =>
    html`<details id="${name}"><summary><code>${name}</code></summary><pre>${JSON.stringify(schema, null, 2)}</pre></details>`,
)}
</body>
</html>`;
}

function operationSection(method: string, path: string, operation: Operation) {
  const parameters = operation.parameters ?? [];
  return html`<details>
<summary><b class="${method}">${method.toUpperCase()}</b> <code>${path}</code> ${operation.summary ?? ''}</summary>
${parameters.length > 0 ? html`<p>Parameters: ${parameters.map((each) => html`<code>${each.name}</code> (${each.in}${each.required ? ', required' : ''}) `)}</p>` : ''}
${operation.requestBody ? html`<p>Body: ${contentList(operation.requestBody.content)}</p>` : ''}
${Object.entries(operation.responses).map(([status, { content }]) => html`<p>${status}: ${contentList(content ?? {})}</p>`)}
</details>`;
}

function contentList(content: Record<string, { schema?: unknown }>) {
  return Object.entries(content).map(([type, { schema }]) => {
    const name = /"#\/components\/schemas\/(\w+)"/.exec(JSON.stringify(schema ?? null))?.[1];
    return html`<code>${type}</code> ${name ? html`<a href="#${name}">${name}</a> ` : ''}`;
  });
}

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color: #1c2024; background: #fff }
details { border-bottom: 1px solid #ddd; padding: .4rem 0 } summary { cursor: pointer } pre { overflow: auto; background: #f6f7f8; padding: .75rem }
b { display: inline-block; width: 4.5rem } .get { color: #1a6b3c } .post { color: #1f4fa3 } .put, .patch { color: #8a5a00 } .delete { color: #a32020 }
@media (prefers-color-scheme: dark) { body { color: #e8eaed; background: #16181b } pre { background: #22262b } a { color: #8ab4f8 } details { border-color: #333 } .get { color: #6fcf97 } .post { color: #8ab4f8 } .put, .patch { color: #f2c94c } .delete { color: #f28b82 } }
`;
