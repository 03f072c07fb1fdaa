// The reference server, with what scenarios need besides: the scripted agent, plain processes where bubblewrap would work,
// and the engine's finer settings.
import { join } from 'node:path';
import { run } from '@hhopkins/agent-cli';
import { plainProcesses } from '@hhopkins/agent-server';
import type { RuntimeConfig } from '@hhopkins/agent-server/types';
import { noModels, scriptedAgent } from './scripted-agent.ts';

const { SCENARIO_AGENT, SCENARIO_SANDBOX, SCENARIO_SETTINGS } = process.env;

function adapt(config: RuntimeConfig): RuntimeConfig {
  const { dataDirectory = '.data', orphanTtlMs } = config;
  return {
    ...config,
    ...(SCENARIO_AGENT === 'scripted' ? { agents: [scriptedAgent], models: noModels } : {}),
    ...(SCENARIO_SANDBOX === 'plain'
      ? { sandbox: plainProcesses({ directory: join(dataDirectory, 'sandboxes'), orphanTtlMs }) }
      : {}),
    settings: { ...config.settings, ...(JSON.parse(SCENARIO_SETTINGS ?? '{}') as RuntimeConfig['settings']) },
  };
}

process.exit(await run(process.env, adapt));
