import type { CanUseTool, McpServerConfig, Options } from '@anthropic-ai/claude-agent-sdk';
import type { AgentProfile, McpServer, RunnerSetup } from '@hhopkins/agent-protocol';
import type { ClaudeSessionOptions } from './session-options.ts';

export type PermissionMode = AgentProfile['permissionMode'];

export const permissionModeOf = (setup: RunnerSetup, chosen: ClaudeSessionOptions): PermissionMode =>
  chosen.permissionMode ?? setup.profile.permissionMode;

/** The options of a query that follow from the setup: profile, rules of the session, and its own options. */
export function queryOptions(
  setup: RunnerSetup,
  chosen: ClaudeSessionOptions,
  canUseTool: CanUseTool,
): Options {
  const { profile } = setup;
  const model = chosen.model ?? profile.model;
  const mayAll = permissionModeOf(setup, chosen) === 'allow';
  return {
    includePartialMessages: true,
    forwardSubagentText: true,
    // `user` is the profile in the agent's home, `project` what the user's own workspace brings along.
    settingSources: ['user', 'project'],
    systemPrompt: systemPrompt(profile),
    ...(model === undefined ? {} : { model }),
    ...(chosen.maxTurns === undefined ? {} : { maxTurns: chosen.maxTurns }),
    ...(chosen.thinking === undefined ? {} : { thinking: chosen.thinking }),
    ...(chosen.effort === undefined ? {} : { effort: chosen.effort }),
    mcpServers: mapValues(profile.mcpServers, mcpServer),
    // On the command line, where the default puts them, others could read their secrets.
    mcpServersDelivery: 'initialize',
    allowedTools: [...new Set([...profile.allowedTools, ...setup.allowedTools])],
    disallowedTools: [...profile.deniedTools],
    permissionMode: mayAll ? 'bypassPermissions' : 'default',
    ...(mayAll ? { allowDangerouslySkipPermissions: true } : {}),
    canUseTool,
  };
}

function systemPrompt({ systemPrompt }: AgentProfile): NonNullable<Options['systemPrompt']> {
  if (systemPrompt?.mode === 'replace') return { type: 'custom', prompt: systemPrompt.text };
  const append = systemPrompt ? { append: systemPrompt.text } : {};
  return { type: 'preset', preset: 'claude_code', ...append };
}

/** `alwaysLoad`: the first turn waits for the server, rather than begin without its tools. */
const mcpServer = (server: McpServer): McpServerConfig => ({ ...server, alwaysLoad: true });

const mapValues = <From, To>(record: Readonly<Record<string, From>>, change: (value: From) => To) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
