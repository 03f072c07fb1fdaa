import type { DatabaseSync } from 'node:sqlite';
import { textOf } from './text.ts';

export interface TranscriptTable {
  save(sessionId: string, raw: string, subagentId: string | undefined): void;
  load(sessionId: string): {
    rawTranscript: string | null;
    subagentTranscripts: { id: string; transcript: string }[];
  };
}

/** What stands in `subagent_id` for the agent itself. */
const AGENT = '';

export function createTranscriptTable(database: DatabaseSync): TranscriptTable {
  const put = database.prepare(
    `INSERT INTO agent_transcripts (session_id, subagent_id, raw) VALUES (?, ?, ?)
     ON CONFLICT (session_id, subagent_id) DO UPDATE SET raw = excluded.raw`,
  );
  const select = database.prepare(
    'SELECT subagent_id, CAST(raw AS BLOB) AS raw FROM agent_transcripts WHERE session_id = ? ORDER BY rowid',
  );

  return {
    save(sessionId, raw, subagentId = AGENT) {
      put.run(sessionId, subagentId, raw);
    },
    load(sessionId) {
      const transcripts = select
        .all(sessionId)
        .map((row) => ({ id: String(row.subagent_id), transcript: textOf(row.raw) }));
      return {
        rawTranscript: transcripts.find(({ id }) => id === AGENT)?.transcript ?? null,
        subagentTranscripts: transcripts.filter(({ id }) => id !== AGENT),
      };
    },
  };
}
