export type {
  AgentDriver,
  AgentTranscript,
  DriverContext,
  DriverEvent,
  DriverFactory,
  LostTurn,
  PermissionAnswer,
  Prompt,
  TurnEnd,
} from './drivers/driver.ts';
export { type RunnerProgram, runnerProgram } from './program.ts';
export { DEFAULT_IGNORED, DEFAULT_SETTINGS, type RunnerSettings } from './settings.ts';
export { RUNNER_VERSION } from './version.ts';
