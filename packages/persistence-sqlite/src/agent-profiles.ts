import type { DatabaseSync } from 'node:sqlite';
import type { AgentProfile } from '@hhopkins/agent-protocol';

export interface AgentProfileTable {
  all(): AgentProfile[];
  find(profileId: string): AgentProfile | null;
  save(profile: AgentProfile): void;
}

export function createAgentProfileTable(database: DatabaseSync): AgentProfileTable {
  const selectAll = database.prepare('SELECT profile FROM agent_profiles ORDER BY profile_id');
  const selectOne = database.prepare('SELECT profile FROM agent_profiles WHERE profile_id = ?');
  const put = database.prepare('INSERT OR REPLACE INTO agent_profiles (profile_id, profile) VALUES (?, ?)');
  const parse = (row: { profile?: unknown }) => JSON.parse(String(row.profile)) as AgentProfile;

  return {
    all: () => selectAll.all().map(parse),
    find(profileId) {
      const row = selectOne.get(profileId);
      return row ? parse(row) : null;
    },
    save(profile) {
      put.run(profile.id, JSON.stringify(profile));
    },
  };
}
