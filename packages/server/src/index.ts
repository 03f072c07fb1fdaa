export { AgentServerError } from '@hhopkins/agent-protocol';
export { bubblewrap, plainProcesses } from '@hhopkins/agent-sandbox-local';
export { claudeAgent } from './agents/claude.ts';
export { consoleLogger } from './log/console-logger.ts';
export { readProfileFolder } from './profiles/read-profile-folder.ts';
export { AgentRuntime, type StopOptions } from './runtime.ts';
export type { ModelsConfig, RuntimeConfig } from './types.ts';
