import { AgentServerError } from '@hhopkins/agent-protocol/light';

/** What everything under way ends with when the client is closed. */
export const closedError = (): AgentServerError =>
  new AgentServerError('connection_lost', 'The client was closed.');
