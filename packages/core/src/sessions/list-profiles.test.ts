import { agentProfileSchema } from '@hhopkins/agent-protocol';
import { expect, test } from 'vitest';
import type { EngineParts } from '../engine-parts.ts';
import { listProfiles, MASK } from './list-profiles.ts';

const stored = {
  id: 'helper',
  mcpServers: {
    local: { command: 'tool', env: { TOKEN: 'secret-of-the-tool' } },
    remote: {
      type: 'http' as const,
      url: 'https://mcp.example.com',
      headers: { Authorization: 'Bearer secret' },
    },
  },
};

const partsWith = (profiles: readonly object[]): EngineParts =>
  ({
    persistence: { listAgentProfiles: async () => profiles },
    logger: { log: () => {} },
    profiles: new Map([
      ['configured', agentProfileSchema.parse({ id: 'configured', name: 'Of the configuration' })],
    ]),
  }) as unknown as EngineParts;

test('built-in, stored and configured profiles are listed', async () => {
  const ids = (await listProfiles(partsWith([stored]))).map(({ id }) => id);
  expect(ids).toEqual(['default', 'helper', 'configured']);
});

test('the keys of MCP servers are masked, their names are not', async () => {
  const text = JSON.stringify(await listProfiles(partsWith([stored])));
  expect(text).not.toContain('secret');
  expect(text).toContain(`"TOKEN":"${MASK}"`);
  expect(text).toContain(`"Authorization":"${MASK}"`);
});

test('a malformed stored profile is left out, the others stay', async () => {
  const profiles = await listProfiles(partsWith([{ id: 'broken', skills: 'none' }, stored]));
  expect(profiles.map(({ id }) => id)).toEqual(['default', 'helper', 'configured']);
});
