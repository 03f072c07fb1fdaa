import type { SandboxLayout, SandboxMount } from './sandbox.ts';

/** Where an agent program is and how it is reached from inside a sandbox. */
export interface LocatedAgent {
  version: string;
  mounts: readonly SandboxMount[];
  /** For the runner's driver: names it knows → paths inside. */
  installation(layout: SandboxLayout): Record<string, string>;
}

/** An agent that sessions may ask for by `architecture`. */
export interface AgentDefinition {
  readonly architecture: string;
  /** For people. */
  readonly name: string;
  /** Rejects with `agent_not_installed` and the npm line that helps. Called at most once a session. */
  locate(): Promise<LocatedAgent>;
}

/** How a session's agent reaches its model. */
export interface ModelAccess {
  mounts: readonly SandboxMount[];
  /** Environment of the agent: a token of this session alone, never a key. */
  environment: Record<string, string>;
  /** Path of the relay's socket inside, when there is one. */
  relaySocket?(layout: SandboxLayout): string;
}

/** Gives agents a way to their models. */
export interface ModelGateway {
  /** For people, e.g. `the model simulator`. */
  readonly description: string;
  /** Rejects with `capability_missing` when this architecture has no model here. */
  grant(session: { sessionId: string; architecture: string }): Promise<ModelAccess>;
  /** The session's tokens are void from now on. */
  revoke?(sessionId: string): Promise<void>;
}
