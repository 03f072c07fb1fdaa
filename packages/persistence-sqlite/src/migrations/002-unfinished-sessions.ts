import type { Migration } from './migration.ts';

/** Finds the few sessions that have something to do among many. The statement that asks has the very same condition. */
export const unfinishedSessions: Migration = {
  version: 2,
  sql: `
    CREATE INDEX agent_sessions_unfinished ON agent_sessions (session_id)
      WHERE sandbox IS NOT NULL OR status NOT IN ('idle', 'terminated');
  `,
};
