export { configFromEnvironment, type EnvironmentConfig } from './config-from-environment.ts';
export { run } from './run.ts';
export type { Environment, Settings } from './settings.ts';
