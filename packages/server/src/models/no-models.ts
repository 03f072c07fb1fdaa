import type { ModelGateway } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';

/** Without a model no agent can work: the first session says what to set. */
export function noModels(): ModelGateway {
  return {
    description: 'none: set models.anthropic.apiKey (ANTHROPIC_API_KEY)',
    async grant({ architecture }) {
      throw new AgentServerError(
        'capability_missing',
        `No model is configured for ${architecture}: set models.anthropic.apiKey (ANTHROPIC_API_KEY)`,
      );
    },
  };
}
