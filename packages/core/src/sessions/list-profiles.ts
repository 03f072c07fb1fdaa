import {
  type AgentProfile,
  agentProfileSchema,
  DEFAULT_PROFILE,
  type McpServer,
} from '@hhopkins/agent-protocol';
import type { EngineParts } from '../engine-parts.ts';

/** What stands where a value could be a secret. */
export const MASK = '***';

/**
 * The profiles that sessions may name: built in, of the store, of the configuration; the later wins. For people to look at:
 * environment and headers of MCP servers often hold keys, so their values are masked.
 */
export async function listProfiles(parts: EngineParts): Promise<AgentProfile[]> {
  const { persistence, logger } = parts;
  const stored = (await persistence.listAgentProfiles()).flatMap((profile): AgentProfile[] => {
    const parsed = agentProfileSchema.safeParse(profile);
    if (parsed.success) return [parsed.data];
    logger.log('warn', 'a stored agent profile is not valid and is left out', { profile: profile.id });
    return [];
  });
  const all = [DEFAULT_PROFILE, ...stored, ...parts.profiles.values()];
  return [...new Map(all.map((profile) => [profile.id, withoutSecrets(profile)])).values()];
}

function withoutSecrets(profile: AgentProfile): AgentProfile {
  const servers = Object.entries(profile.mcpServers).map(
    ([name, server]) => [name, maskServer(server)] as const,
  );
  return { ...profile, mcpServers: Object.fromEntries(servers) };
}

function maskServer(server: McpServer): McpServer {
  return 'command' in server
    ? { ...server, env: maskValues(server.env) }
    : { ...server, headers: maskValues(server.headers) };
}

const maskValues = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.keys(values).map((name) => [name, MASK]));
