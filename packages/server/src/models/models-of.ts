import { join } from 'node:path';
import type { Logger, ModelGateway } from '@hhopkins/agent-core';
import { createSimulatorProcess } from '../host-processes/simulator-process.ts';
import type { ModelsConfig } from '../types.ts';
import { noModels } from './no-models.ts';
import { relayGateway } from './relay-gateway.ts';

/** A gateway that a runtime starts and stops. */
export interface RunningModels extends ModelGateway {
  start(): Promise<void>;
  stop(how: { runs: 'leave' | 'end' }): Promise<void>;
}

export interface ModelsPlace {
  dataDirectory: string;
  orphanTtlMs: number;
  /** All of the host processes' environment. */
  environment: Readonly<Record<string, string>>;
  logger: Logger;
}

/** The way to the models that a configuration names. */
export function modelsOf(models: ModelsConfig | ModelGateway | undefined, place: ModelsPlace): RunningModels {
  const { dataDirectory, ...common } = place;
  if (models && 'grant' in models) return unmanaged(models);
  const { anthropic, simulator } = models ?? {};
  if (!anthropic && !simulator) return unmanaged(noModels());
  return relayGateway({
    directory: join(dataDirectory, 'relay'),
    anthropic,
    simulator:
      simulator &&
      createSimulatorProcess({ ...simulator, ...common, directory: join(dataDirectory, 'simulator') }),
    ...common,
  });
}

/** One that brings no process, or whose processes are its owner's affair. */
const unmanaged = (gateway: ModelGateway): RunningModels => ({
  description: gateway.description,
  grant: (session) => gateway.grant(session),
  ...(gateway.revoke ? { revoke: gateway.revoke.bind(gateway) } : {}),
  start: async () => {},
  stop: async () => {},
});
