import type { DatabaseSync } from 'node:sqlite';
import type { StreamInfo } from '@hhopkins/agent-core';
import { AgentServerError, type Snapshot } from '@hhopkins/agent-protocol';

export interface SnapshotTable {
  load(sessionId: string, at: number): Snapshot | null;
  /** An older snapshot than the stored one changes nothing. */
  save(sessionId: string, snapshot: Snapshot): void;
  /** Removes events at or below a new floor. */
  compact(sessionId: string, floor: number, drop: readonly number[]): void;
}

export function createSnapshotTable(
  database: DatabaseSync,
  findStream: (sessionId: string) => StreamInfo | null,
): SnapshotTable {
  const select = database.prepare('SELECT snapshot FROM agent_snapshots WHERE session_id = ? AND seq <= ?');
  const put = database.prepare(
    `INSERT INTO agent_snapshots (session_id, seq, snapshot) VALUES (?, ?, ?)
     ON CONFLICT (session_id) DO UPDATE SET seq = excluded.seq, snapshot = excluded.snapshot
     WHERE excluded.seq >= agent_snapshots.seq`,
  );
  const remove = database.prepare('DELETE FROM agent_events WHERE session_id = ? AND seq = ?');
  const raiseFloor = database.prepare('UPDATE agent_streams SET floor = max(floor, ?) WHERE session_id = ?');

  return {
    load(sessionId, at) {
      const row = select.get(sessionId, at);
      return row ? (JSON.parse(String(row.snapshot)) as Snapshot) : null;
    },
    save(sessionId, snapshot) {
      const stream = findStream(sessionId);
      if (!stream || stream.streamId !== snapshot.streamId || snapshot.seq > stream.head) {
        throw new AgentServerError(
          'head_mismatch',
          `Session ${sessionId}: a snapshot of stream ${snapshot.streamId} at ${snapshot.seq} does not fit ` +
            (stream ? `stream ${stream.streamId} at ${stream.head}.` : 'a session without a stream.'),
        );
      }
      put.run(sessionId, snapshot.seq, JSON.stringify(snapshot));
    },
    compact(sessionId, floor, drop) {
      const covered = findStream(sessionId)?.snapshotSeq ?? -1;
      if (covered < floor) {
        throw new AgentServerError(
          'head_mismatch',
          `Session ${sessionId}: no snapshot at or above ${floor} is stored, so nothing below it may go.`,
        );
      }
      const beyond = drop.find((seq) => seq > floor);
      if (beyond !== undefined) {
        throw new AgentServerError(
          'invalid_request',
          `Session ${sessionId}: event ${beyond} lies above the floor ${floor} and cannot be dropped.`,
        );
      }
      for (const seq of drop) remove.run(sessionId, seq);
      raiseFloor.run(floor, sessionId);
    },
  };
}
