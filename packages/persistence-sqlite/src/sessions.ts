import type { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import type { SessionRecord, SessionRecordPatch } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';

/** A row of `agent_sessions`. */
export type StoredRecord = Record<string, string | number | null>;

export interface SessionTable {
  all(): SessionRecord[];
  /** See `listUnfinishedSessions`. */
  unfinished(): SessionRecord[];
  find(sessionId: string): SessionRecord | undefined;
  create(record: SessionRecord): void;
  update(sessionId: string, patch: SessionRecordPatch): void;
  /** @throws `session_not_found` */
  mustExist(sessionId: string): void;
}

const COLUMNS = [
  'architecture',
  'agent_profile_ref',
  'name',
  'principal',
  'status',
  'session_options',
  'metadata',
  'agent_session_id',
  'sandbox',
  'created_at',
  'updated_at',
  'as_of_seq',
] as const;

/** The condition of the index of that name. */
export const SELECT_UNFINISHED = `
  SELECT * FROM agent_sessions WHERE sandbox IS NOT NULL OR status NOT IN ('idle', 'terminated')`;

export function createSessionTable(database: DatabaseSync): SessionTable {
  const selectAll = database.prepare('SELECT * FROM agent_sessions ORDER BY updated_at DESC, session_id');
  const selectUnfinished = database.prepare(SELECT_UNFINISHED);
  const selectOne = database.prepare('SELECT * FROM agent_sessions WHERE session_id = ?');
  const exists = database.prepare('SELECT 1 FROM agent_sessions WHERE session_id = ?');
  const insert = database.prepare(
    `INSERT INTO agent_sessions (session_id, ${COLUMNS.join(', ')})
     VALUES ($session_id, ${COLUMNS.map((column) => `$${column}`).join(', ')})`,
  );
  const replace = database.prepare(
    `UPDATE agent_sessions SET ${COLUMNS.map((column) => `${column} = $${column}`).join(', ')}
     WHERE session_id = $session_id`,
  );

  const find = (sessionId: string) => {
    const row = selectOne.get(sessionId) as StoredRecord | undefined;
    return row && recordOf(row);
  };
  const notFound = (sessionId: string) =>
    new AgentServerError('session_not_found', `Session ${sessionId} is not in the store.`);

  return {
    find,
    all: () => (selectAll.all() as StoredRecord[]).map(recordOf),
    unfinished: () => (selectUnfinished.all() as StoredRecord[]).map(recordOf),
    create(record) {
      const known = find(record.sessionId);
      if (!known) {
        insert.run(rowOf(record));
        return;
      }
      // The same call again after a failure of unknown outcome is no conflict.
      if (isDeepStrictEqual(known, recordOf(rowOf(record)))) return;
      throw new AgentServerError('already_exists', `Session ${record.sessionId} is in the store already.`);
    },
    update(sessionId, patch) {
      const record = find(sessionId);
      if (!record) throw notFound(sessionId);
      const given = Object.entries(patch).filter(([, value]) => value !== undefined);
      replace.run(rowOf({ ...record, ...Object.fromEntries(given) }));
    },
    mustExist(sessionId) {
      if (!exists.get(sessionId)) throw notFound(sessionId);
    },
  };
}

function rowOf(record: SessionRecord): StoredRecord {
  return {
    session_id: record.sessionId,
    architecture: record.architecture,
    agent_profile_ref: record.agentProfileRef ?? null,
    name: record.name ?? null,
    principal: record.principal,
    status: record.status,
    session_options: JSON.stringify(record.sessionOptions),
    metadata: JSON.stringify(record.metadata),
    agent_session_id: record.agentSessionId ?? null,
    sandbox: record.sandbox ? JSON.stringify(record.sandbox) : null,
    created_at: instantOf(record.createdAt),
    updated_at: instantOf(record.updatedAt),
    as_of_seq: record.asOfSeq,
  };
}

/** Reads a row of `agent_sessions`. */
export function recordOf(row: StoredRecord): SessionRecord {
  const text = (column: string) => (row[column] === null ? undefined : String(row[column]));
  const json = (column: string) => JSON.parse(text(column) ?? 'null');
  return {
    sessionId: String(row.session_id),
    architecture: String(row.architecture),
    agentProfileRef: text('agent_profile_ref'),
    name: text('name'),
    principal: String(row.principal),
    status: String(row.status) as SessionRecord['status'],
    sessionOptions: json('session_options'),
    metadata: json('metadata'),
    agentSessionId: text('agent_session_id'),
    sandbox: json('sandbox'),
    createdAt: String(row.created_at),
    updatedAt: String(row.updated_at),
    asOfSeq: Number(row.as_of_seq),
  };
}

/** ISO 8601 in one form, so that text sorts as time. */
export function instantOf(timestamp: string): string {
  const time = Date.parse(timestamp);
  return Number.isNaN(time) ? timestamp : new Date(time).toISOString();
}
