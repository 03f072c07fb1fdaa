// The reference server with what the fault harness needs besides: the scripted agent, plain processes where bubblewrap would
// work, a runner of the harness's own build, a store that can be made to fail, and sabotage. Never part of a package.
import { join } from 'node:path';
import { run } from '@hhopkins/agent-cli';
import { plainProcesses } from '@hhopkins/agent-server';
import type { RuntimeConfig, SandboxProvider } from '@hhopkins/agent-server/types';
import { noModels, scriptedAgent } from '../../src/harness/scripted-agent.ts';
import type { Sabotage } from '../sabotage.ts';
import { auditedStore } from './audited-store.ts';
import { failingStore } from './failing-store.ts';
import { sabotagedStore } from './sabotaged-store.ts';
import { shareStore } from './shared-store.ts';

// The store is imported when the settings are read.
if (process.env.FAULTS_SHARED_STORE) shareStore();

const { FAULTS_AGENT, FAULTS_SANDBOX, FAULTS_SETTINGS, FAULTS_RUNNER, FAULTS_CONTROL, FAULTS_AUDIT } =
  process.env;
const sabotage = process.env.FAULTS_SABOTAGE as Sabotage | undefined;

function adapt(config: RuntimeConfig): RuntimeConfig {
  const { dataDirectory = '.data', orphanTtlMs } = config;
  const sandbox =
    FAULTS_SANDBOX === 'plain' || !config.sandbox
      ? plainProcesses({ directory: join(dataDirectory, 'sandboxes'), orphanTtlMs })
      : config.sandbox;
  const audited = auditedStore(sabotagedStore(config.persistence, sabotage), FAULTS_AUDIT ?? '');
  const persistence = failingStore(audited, FAULTS_CONTROL ?? '');
  return {
    ...config,
    persistence,
    sandbox: FAULTS_RUNNER ? withRunner(sandbox, FAULTS_RUNNER) : sandbox,
    ...(FAULTS_AGENT === 'scripted' ? { agents: [scriptedAgent], models: noModels } : {}),
    settings: JSON.parse(FAULTS_SETTINGS ?? '{}') as RuntimeConfig['settings'],
  };
}

/** The provider, with another folder mounted as the runner. */
function withRunner(provider: SandboxProvider, folder: string): SandboxProvider {
  return {
    ...provider,
    create: (spec) =>
      provider.create({
        ...spec,
        mounts: (spec.mounts ?? []).map((mount) =>
          mount.name === 'runner' ? { ...mount, source: folder } : mount,
        ),
      }),
  };
}

process.exit(await run(process.env, adapt));
