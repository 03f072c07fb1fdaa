import type { AgentProfile } from '@hhopkins/agent-protocol';
import type { AgentDefinition, ModelGateway } from './ports/agent.ts';
import type { EventLog } from './ports/event-log.ts';
import type { Leases } from './ports/leases.ts';
import type { PersistenceAdapter } from './ports/persistence.ts';
import type { Clock, Logger, RunnerProgram } from './ports/runtime.ts';
import type { BoundedSandboxes } from './sandbox/bounded-sandboxes.ts';
import type { EngineSettings } from './settings.ts';
import type { GroupCommitter } from './stream/group-committer.ts';
import type { StreamHub } from './stream/stream-hub.ts';

/** What the parts of the engine share. */
export interface EngineParts {
  readonly persistence: PersistenceAdapter;
  readonly log: EventLog;
  readonly leases: Leases;
  readonly committer: GroupCommitter;
  readonly hub: StreamHub;
  readonly sandboxes: BoundedSandboxes;
  readonly agents: ReadonlyMap<string, AgentDefinition>;
  readonly models: ModelGateway;
  readonly runner: RunnerProgram;
  readonly profiles: ReadonlyMap<string, AgentProfile>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: EngineSettings;
  /** This process, among all that share the store. */
  readonly owner: string;
  /** How much stands between agents and host. */
  readonly isolation: string;
  /** All servers on one store. */
  readonly deploymentId: string;
  readonly metrics: Metrics;
  /** The epoch that a runner is told: it outlives stores that forget theirs, so a store's alone might be too low. */
  runnerEpoch(epoch: number): number;
}

export interface Metrics {
  add(name: string, amount?: number): void;
  read(): Record<string, number>;
}

export function createMetrics(): Metrics {
  const values = new Map<string, number>();
  return {
    add: (name, amount = 1) => void values.set(name, (values.get(name) ?? 0) + amount),
    read: () => Object.fromEntries(values),
  };
}
