import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { WorkspaceFile } from '@hhopkins/agent-protocol';
import { textOf } from './text.ts';

export interface WorkspaceFileTable {
  save(sessionId: string, file: WorkspaceFile): void;
  remove(sessionId: string, path: string): void;
  load(sessionId: string): WorkspaceFile[];
}

export function createWorkspaceFileTable(database: DatabaseSync): WorkspaceFileTable {
  const put = database.prepare(
    `INSERT OR REPLACE INTO agent_workspace_files (session_id, path, content, encoding, size, mode, modified_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = database.prepare('DELETE FROM agent_workspace_files WHERE session_id = ? AND path = ?');
  const select = database.prepare(
    `SELECT path, CAST(content AS BLOB) AS content, encoding, size, mode, modified_at
     FROM agent_workspace_files WHERE session_id = ? ORDER BY path`,
  );

  return {
    save(sessionId, { path, content, encoding, size, mode, modifiedAt }) {
      const stored = encoding === 'base64' ? Buffer.from(content, 'base64') : content;
      put.run(sessionId, path, stored, encoding, size, mode ?? null, modifiedAt);
    },
    remove(sessionId, path) {
      remove.run(sessionId, path);
    },
    load: (sessionId) => select.all(sessionId).map(fileOf),
  };
}

function fileOf(row: Record<string, SQLOutputValue>): WorkspaceFile {
  const content = row.content as Uint8Array;
  const isBinary = row.encoding === 'base64';
  return {
    path: String(row.path),
    content: isBinary ? Buffer.from(content).toString('base64') : textOf(content),
    encoding: isBinary ? 'base64' : 'utf8',
    size: Number(row.size),
    ...(row.mode === null ? {} : { mode: Number(row.mode) }),
    modifiedAt: String(row.modified_at),
  };
}
