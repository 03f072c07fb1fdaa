import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { query } from '@anthropic-ai/claude-agent-sdk';
import { formatScenarioLine } from '@hhopkins/agent-simulator';
import { expect, it } from 'vitest';
import { grantTo, makeGateway, startBridge } from './support/gateway.ts';
import { makeFolder, simulatorIn } from './support/host.ts';

it('the real Claude does a turn with a token, through the relay', async () => {
  const gateway = await makeGateway({ simulator: simulatorIn(await makeFolder()) });
  await gateway.start();
  const { socket, token } = await grantTo(gateway);
  const [workspace, home] = await Promise.all([makeFolder(), makeFolder()]);
  const turn = query({
    prompt: formatScenarioLine('write', { path: 'hello.txt', content: 'through the relay' }),
    options: {
      cwd: workspace,
      includePartialMessages: true,
      permissionMode: 'bypassPermissions',
      allowDangerouslySkipPermissions: true,
      settingSources: [],
      env: {
        PATH: process.env.PATH,
        HOME: home,
        CLAUDE_CONFIG_DIR: join(home, '.claude'),
        ANTHROPIC_BASE_URL: await startBridge(socket),
        ANTHROPIC_API_KEY: token,
        IS_SANDBOX: '1',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
        DISABLE_TELEMETRY: '1',
        DISABLE_ERROR_REPORTING: '1',
      },
    },
  });
  const types: string[] = [];
  for await (const message of turn) {
    types.push(message.type);
    if (message.type === 'result') expect(message).toMatchObject({ subtype: 'success', is_error: false });
  }
  expect(types).toContain('stream_event');
  expect(types.at(-1)).toBe('result');
  expect(await readFile(join(workspace, 'hello.txt'), 'utf8')).toBe('through the relay');
});
