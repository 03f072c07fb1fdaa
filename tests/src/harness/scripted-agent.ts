import type { AgentDefinition, ModelGateway } from '@hhopkins/agent-core';

/** The runner's test double: an agent without a model that does what the lines of a message say. */
export const scriptedAgent: AgentDefinition = {
  architecture: 'scripted',
  name: 'Scripted',
  locate: async () => ({ version: '1', mounts: [], installation: () => ({}) }),
};

/** For agents that have no model. */
export const noModels: ModelGateway = {
  description: 'none: the scripted agent needs no model',
  grant: async () => ({ mounts: [], environment: {} }),
};
