import { AgentServerError, invalidRequest } from '@hhopkins/agent-protocol';
import { z } from 'zod';

const text = z.string().trim().min(1);
const milliseconds = (fallback: number) =>
  z.coerce.number('must be a number of milliseconds').int().positive().max(2_147_483_647).default(fallback);
const flag = z.enum(['0', '1'], 'must be 0 or 1').transform((value) => value === '1');
const list = text.transform((value) => value.split(',').map((each) => each.trim()));

/** Every environment variable that the reference server knows, with its default. */
const settingsSchema = z.object({
  HOST: text.default('127.0.0.1'),
  PORT: z.coerce.number('must be a port number').int().min(0).max(65_535).default(3000),
  API_KEY: text.optional(),
  CORS_ORIGINS: list.optional(),
  ALLOWED_HOSTS: list.optional(),
  DATA_DIR: text.default('.data'),
  DATABASE_URL: text.optional(),
  SANDBOX: z
    .enum(['auto', 'local', 'docker', 'modal'], 'must be auto, local, docker or modal')
    .default('auto'),
  ALLOW_UNISOLATED: flag.optional(),
  PROFILES_DIR: text.optional(),
  MODAL_TOKEN_ID: text.optional(),
  MODAL_TOKEN_SECRET: text.optional(),
  MODAL_APP_NAME: text.optional(),
  ANTHROPIC_API_KEY: text.optional(),
  ANTHROPIC_BASE_URL: z.url('must be a URL').optional(),
  IDLE_TIMEOUT_MS: milliseconds(900_000),
  BACKGROUND_TIMEOUT_MS: milliseconds(14_400_000),
  SYNC_INTERVAL_MS: milliseconds(30_000),
  ORPHAN_TTL_MS: milliseconds(900_000),
  STOP_RUNS: z.enum(['leave', 'end'], 'must be leave or end').default('leave'),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn, error or silent')
    .default('info'),
});
export type Settings = z.output<typeof settingsSchema>;

/** Environment variables as `process.env` gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings; an empty value counts as not set.
 * @throws AgentServerError `invalid_configuration`: one line that names the setting, what is wrong, and what it may be
 */
export function readSettings(environment: Environment): Settings {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = settingsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new AgentServerError('invalid_configuration', invalidRequest(parsed.error, 'settings').message);
}
