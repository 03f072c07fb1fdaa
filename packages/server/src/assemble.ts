import { resolve } from 'node:path';
import { createEngine, type Logger, type SandboxProvider, type SessionEngine } from '@hhopkins/agent-core';
import { memoryEpochs, memoryEventLog, memoryLeases } from '@hhopkins/agent-persistence-memory';
import type { AgentProfileInput } from '@hhopkins/agent-protocol';
import { runnerProgram } from '@hhopkins/agent-runner';
import { bubblewrap } from '@hhopkins/agent-sandbox-local';
import { claudeAgent } from './agents/claude.ts';
import { modelsOf, type RunningModels } from './models/models-of.ts';
import { readProfileFolder } from './profiles/read-profile-folder.ts';
import { modalSandboxes } from './sandbox/modal.ts';
import type { RuntimeConfig } from './types.ts';

const DEFAULT_ORPHAN_TTL_MS = 900_000;

/** The parts that a configuration stands for. Nothing is opened, started or called yet. */
export interface Assembly {
  engine: SessionEngine;
  models: RunningModels;
  sandboxes: SandboxProvider;
}

export function assemble(config: RuntimeConfig, logger: Logger): Assembly {
  const dataDirectory = resolve(config.dataDirectory ?? '.data');
  const orphanTtlMs = config.orphanTtlMs ?? DEFAULT_ORPHAN_TTL_MS;
  const sandboxes = sandboxesOf(config, dataDirectory, orphanTtlMs);
  const models = modelsOf(config.models, {
    dataDirectory,
    orphanTtlMs,
    environment: config.hostEnvironment ?? {},
    logger,
  });
  // Shared, so that a lease fences the log.
  const epochs = memoryEpochs();
  const engine = createEngine({
    persistence: config.persistence,
    fallback: { eventLog: memoryEventLog({ epochs }), leases: memoryLeases({ epochs }) },
    sandboxes,
    agents: config.agents ?? [claudeAgent()],
    models,
    runner: runnerProgram(),
    profiles: () => profilesOf(config.profiles),
    settings: {
      ...(config.idleTimeoutMs === undefined ? {} : { idleTimeoutMs: config.idleTimeoutMs }),
      ...(config.syncIntervalMs === undefined ? {} : { syncIntervalMs: config.syncIntervalMs }),
      ...config.settings,
    },
    logger,
  });
  return { engine, models, sandboxes };
}

function sandboxesOf(config: RuntimeConfig, dataDirectory: string, orphanTtlMs: number): SandboxProvider {
  if (config.sandbox) return config.sandbox;
  if (config.modal) return modalSandboxes(config.modal);
  return bubblewrap({ directory: resolve(dataDirectory, 'sandboxes'), orphanTtlMs });
}

async function profilesOf(profiles: RuntimeConfig['profiles']): Promise<readonly AgentProfileInput[]> {
  return typeof profiles === 'string' ? readProfileFolder(profiles) : (profiles ?? []);
}
