import type { RuntimeConfig } from '@hhopkins/agent-server/types';
import { modelsOf } from './models.ts';
import { sandboxOf } from './sandbox.ts';
import { type Environment, readSettings, type Settings } from './settings.ts';
import { storeOf } from './store.ts';

export interface EnvironmentConfig {
  config: RuntimeConfig;
  settings: Settings;
  /** What the user should know before the server starts, a line each. */
  warnings: string[];
}

/**
 * The configuration that environment variables stand for, with the store and the sandbox they name.
 *
 * @throws AgentServerError `invalid_configuration` naming the setting, `package_not_installed` with the npm line
 * @example
 * const { config } = await configFromEnvironment(process.env);
 * await new AgentRuntime(config).start();
 */
export async function configFromEnvironment(environment: Environment): Promise<EnvironmentConfig> {
  const settings = readSettings(environment);
  const { config: sandbox, warnings } = await sandboxOf(settings);
  const config: RuntimeConfig = {
    persistence: await storeOf(settings),
    ...sandbox,
    models: modelsOf(settings),
    host: settings.HOST,
    websocketPort: settings.PORT,
    auth: {
      apiKey: settings.API_KEY,
      corsOrigins: settings.CORS_ORIGINS,
      allowedHosts: settings.ALLOWED_HOSTS,
    },
    hostEnvironment: hostEnvironment(environment),
    dataDirectory: settings.DATA_DIR,
    profiles: settings.PROFILES_DIR,
    idleTimeoutMs: settings.IDLE_TIMEOUT_MS,
    syncIntervalMs: settings.SYNC_INTERVAL_MS,
    orphanTtlMs: settings.ORPHAN_TTL_MS,
    logLevel: settings.LOG_LEVEL,
    settings: { backgroundTimeoutMs: settings.BACKGROUND_TIMEOUT_MS },
  };
  return { config, settings, warnings };
}

/** What helper processes on this host need of the environment; keys are not among it. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'NODE_EXTRA_CA_CERTS',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
];

function hostEnvironment(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    PASSED_ON.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])),
  );
}
