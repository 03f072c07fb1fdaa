import { pathToFileURL } from 'node:url';
import type { Options, Query, SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';
import { AgentServerError } from '@hhopkins/agent-protocol';

/** What is used of the Claude Agent SDK. It is the user's own installation: only its types are known at build time. */
export interface ClaudeSdk {
  query(input: { prompt: AsyncIterable<SDKUserMessage>; options: Options }): Query;
}

export interface ClaudeInstallation {
  /** Path of the SDK's `sdk.mjs`. */
  sdk: string;
  /** Path of the `claude` program. */
  executable: string;
}

/** @throws AgentServerError `agent_not_installed` when the setup does not say where Claude is */
export function claudeInstallation(installation: Readonly<Record<string, string>>): ClaudeInstallation {
  const { sdk, executable } = installation;
  if (sdk && executable) return { sdk, executable };
  throw new AgentServerError(
    'agent_not_installed',
    `The setup of the runner names no ${sdk ? 'executable' : 'sdk'} for Claude; its installation must hold both paths`,
  );
}

/** @throws AgentServerError `agent_not_installed` when the file cannot be loaded */
export async function loadClaudeSdk(path: string): Promise<ClaudeSdk> {
  try {
    const module: ClaudeSdk = await import(/* @vite-ignore */ pathToFileURL(path).href);
    if (typeof module.query === 'function') return module;
  } catch (cause) {
    throw new AgentServerError('agent_not_installed', `The Claude Agent SDK at ${path} cannot be loaded`, {
      cause,
    });
  }
  throw new AgentServerError('agent_not_installed', `${path} is not the Claude Agent SDK: it has no query()`);
}
