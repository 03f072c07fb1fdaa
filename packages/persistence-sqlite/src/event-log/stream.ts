import type { DatabaseSync } from 'node:sqlite';
import type { StreamInfo } from '@hhopkins/agent-core';

/** Finds what the log knows of a session's stream; null before the first append. */
export function createStreamLookup(database: DatabaseSync): (sessionId: string) => StreamInfo | null {
  const select = database.prepare(
    `SELECT stream_id, head, floor, epoch, journal_id, journal_offset,
       (SELECT seq FROM agent_snapshots WHERE agent_snapshots.session_id = agent_streams.session_id) AS snapshot_seq
     FROM agent_streams WHERE session_id = ? AND stream_id IS NOT NULL`,
  );

  return (sessionId) => {
    const row = select.get(sessionId);
    if (!row) return null;
    return {
      streamId: String(row.stream_id),
      head: Number(row.head),
      floor: Number(row.floor),
      epoch: Number(row.epoch),
      journal:
        row.journal_id === null ? null : { id: String(row.journal_id), offset: Number(row.journal_offset) },
      snapshotSeq: row.snapshot_seq === null ? null : Number(row.snapshot_seq),
    };
  };
}
