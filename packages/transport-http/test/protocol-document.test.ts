import { readFile } from 'node:fs/promises';
import { clientFrameSchema, ERROR_CODES, EVENT_PAYLOADS, serverFrameSchema } from '@hhopkins/agent-protocol';
import { createScriptedEngine } from '@hhopkins/agent-testkit/transport';
import { describe, expect, test } from 'vitest';
import { createHttpTransport } from '../src/index.ts';

const prose = await readFile(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8');

describe('PROTOCOL.md tells', () => {
  test.each(Object.entries(ERROR_CODES))('the error %s with its status', (code, [status]) => {
    expect(prose).toContain(`| \`${code}\` | ${status} |`);
  });

  test.each(Object.entries(EVENT_PAYLOADS))('the event %s with its payload', (type, schema) => {
    const row = prose
      .split('\n')
      .find(
        (line) => line.split(' | ')[0]?.startsWith('| `') && line.split(' | ')[0]?.includes(`\`${type}\``),
      );
    for (const property of Object.keys(schema.shape)) expect(row).toContain(`\`${property}`);
  });

  test.each(clientFrameSchema.options.map(({ shape }) => shape.type.value))(
    'the frame %s of a client',
    (type) => {
      expect(prose).toMatch(new RegExp(`\\{ type: "${type}"`));
    },
  );

  test.each(serverFrameSchema.options.map(({ shape }) => shape.type.value))(
    'the frame %s of a server',
    (type) => {
      expect(prose).toMatch(new RegExp(`\\{ type: "${type}"`));
    },
  );

  test('every route of openapi.json', async () => {
    const { app } = createHttpTransport({ engine: createScriptedEngine().engine });
    const { paths } = (await (await app.request('/openapi.json')).json()) as {
      paths: Record<string, object>;
    };
    for (const [path, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods))
        expect(prose).toContain(`\`${method.toUpperCase()} ${path}\``);
    }
  });
});
