import type { Migration } from './migration.ts';

/**
 * JSON stands in TEXT columns exactly as it was written. Events are a rowid table with a unique index, not WITHOUT ROWID:
 * twice as fast when sessions interleave.
 */
export const initial: Migration = {
  version: 1,
  sql: `
    CREATE TABLE agent_deployment (
      id TEXT NOT NULL,
      created_at TEXT NOT NULL,
      -- The highest epoch ever given to any session.
      last_epoch INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE agent_sessions (
      session_id TEXT PRIMARY KEY,
      architecture TEXT NOT NULL,
      agent_profile_ref TEXT,
      name TEXT,
      principal TEXT NOT NULL,
      status TEXT NOT NULL,
      session_options TEXT NOT NULL,
      metadata TEXT NOT NULL,
      agent_session_id TEXT,
      sandbox TEXT,
      created_at TEXT NOT NULL,
      updated_at TEXT NOT NULL,
      as_of_seq INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX agent_sessions_by_update ON agent_sessions (updated_at DESC, session_id);

    -- The agent's own transcripts; subagent_id is empty for that of the agent itself.
    CREATE TABLE agent_transcripts (
      session_id TEXT NOT NULL REFERENCES agent_sessions ON DELETE CASCADE,
      subagent_id TEXT NOT NULL,
      raw TEXT NOT NULL,
      UNIQUE (session_id, subagent_id)
    ) STRICT;

    -- content is TEXT when encoding is utf8, else BLOB with the decoded bytes.
    CREATE TABLE agent_workspace_files (
      session_id TEXT NOT NULL REFERENCES agent_sessions ON DELETE CASCADE,
      path TEXT NOT NULL,
      content ANY NOT NULL,
      encoding TEXT NOT NULL,
      size INTEGER NOT NULL,
      mode INTEGER,
      modified_at TEXT NOT NULL,
      UNIQUE (session_id, path)
    ) STRICT;

    CREATE TABLE agent_profiles (
      profile_id TEXT PRIMARY KEY,
      profile TEXT NOT NULL
    ) STRICT;

    -- A row exists once a session has an epoch; stream_id is null until its first append.
    CREATE TABLE agent_streams (
      session_id TEXT PRIMARY KEY,
      stream_id TEXT,
      head INTEGER NOT NULL DEFAULT 0,
      floor INTEGER NOT NULL DEFAULT 0,
      epoch INTEGER NOT NULL DEFAULT 0,
      journal_id TEXT,
      journal_offset INTEGER
    ) STRICT;

    CREATE TABLE agent_events (
      session_id TEXT NOT NULL,
      seq INTEGER NOT NULL,
      event TEXT NOT NULL,
      UNIQUE (session_id, seq)
    ) STRICT;

    CREATE TABLE agent_snapshots (
      session_id TEXT PRIMARY KEY,
      seq INTEGER NOT NULL,
      snapshot TEXT NOT NULL
    ) STRICT;

    -- position is the order they came in.
    CREATE TABLE agent_commands (
      position INTEGER PRIMARY KEY,
      session_id TEXT NOT NULL,
      principal TEXT NOT NULL,
      command_id TEXT NOT NULL,
      lane TEXT NOT NULL,
      state TEXT NOT NULL,
      body_hash TEXT NOT NULL,
      command TEXT,
      result TEXT,
      UNIQUE (session_id, principal, command_id)
    ) STRICT;
    CREATE INDEX agent_commands_open ON agent_commands (session_id, position) WHERE state <> 'ended';
  `,
};
