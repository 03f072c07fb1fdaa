import { join } from 'node:path';
import { isLoopback, type SandboxProvider } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { bubblewrap, plainProcesses } from '@hhopkins/agent-sandbox-local';
import type { RuntimeConfig } from '@hhopkins/agent-server/types';
import type { Settings } from './settings.ts';
import { load } from './store.ts';

export interface ChosenSandbox {
  config: Pick<RuntimeConfig, 'sandbox' | 'modal' | 'allowUnisolated'>;
  /** What the user should know, a line each: why it is not the better one, and how to get that. */
  warnings: string[];
}

/**
 * The sandbox that the settings ask for. `auto` takes bubblewrap when it really works here, else plain processes, but those
 * only on a loopback address unless `ALLOW_UNISOLATED=1`.
 */
export async function sandboxOf(settings: Settings): Promise<ChosenSandbox> {
  const { SANDBOX, ALLOW_UNISOLATED, DATA_DIR, ORPHAN_TTL_MS, HOST } = settings;
  const options = { directory: join(DATA_DIR, 'sandboxes'), orphanTtlMs: ORPHAN_TTL_MS };
  if (SANDBOX === 'modal') return { config: { modal: modalCredentials(settings) }, warnings: [] };
  if (SANDBOX === 'docker') {
    const sandbox = await load<SandboxProvider>('@hhopkins/agent-sandbox-docker', 'docker', {});
    return { config: { sandbox }, warnings: [] };
  }

  const isolated = bubblewrap(options);
  const check = await isolated.check();
  if (check.ok || SANDBOX === 'local') return { config: { sandbox: isolated }, warnings: check.problems };

  const allowed = ALLOW_UNISOLATED ?? isLoopback(HOST);
  if (!allowed) {
    throw new AgentServerError(
      'invalid_configuration',
      `Agents cannot be isolated here, and running them unisolated is not allowed. ${check.problems.join(' ')} Or say ALLOW_UNISOLATED=1.`,
    );
  }
  return {
    config: { sandbox: plainProcesses(options), allowUnisolated: true },
    warnings: [
      'AGENTS ARE NOT ISOLATED: they run as this user, with its files and network.',
      ...check.problems,
    ],
  };
}

function modalCredentials({ MODAL_TOKEN_ID, MODAL_TOKEN_SECRET, MODAL_APP_NAME }: Settings) {
  if (!MODAL_TOKEN_ID || !MODAL_TOKEN_SECRET) {
    throw new AgentServerError(
      'invalid_configuration',
      'SANDBOX=modal needs MODAL_TOKEN_ID and MODAL_TOKEN_SECRET',
    );
  }
  return {
    tokenId: MODAL_TOKEN_ID,
    tokenSecret: MODAL_TOKEN_SECRET,
    appName: MODAL_APP_NAME ?? 'agent-server',
  };
}
