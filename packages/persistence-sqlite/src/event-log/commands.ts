import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { CommandRecord } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';

export interface CommandTable {
  find(sessionId: string, principal: string, commandId: string): CommandRecord | null;
  /** Not ended, oldest first. */
  open(sessionId: string): CommandRecord[];
  /** @throws `duplicate_command` when it is known */
  insertNew(sessionId: string, command: CommandRecord): void;
  /** Inserts it, or changes `state` and `result` of the known one. */
  put(sessionId: string, command: CommandRecord): void;
}

export function createCommandTable(database: DatabaseSync): CommandTable {
  const selectOne = database.prepare(
    'SELECT * FROM agent_commands WHERE session_id = ? AND principal = ? AND command_id = ?',
  );
  const selectOpen = database.prepare(
    "SELECT * FROM agent_commands WHERE session_id = ? AND state <> 'ended' ORDER BY position",
  );
  const insert = `INSERT INTO agent_commands (session_id, principal, command_id, lane, state, body_hash, command, result)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (session_id, principal, command_id)`;
  const insertNew = database.prepare(`${insert} DO NOTHING`);
  const put = database.prepare(`${insert} DO UPDATE SET state = excluded.state, result = excluded.result`);

  return {
    find(sessionId, principal, commandId) {
      const row = selectOne.get(sessionId, principal, commandId);
      return row ? commandOf(row) : null;
    },
    open: (sessionId) => selectOpen.all(sessionId).map(commandOf),
    insertNew(sessionId, command) {
      if (insertNew.run(...valuesOf(sessionId, command)).changes === 1) return;
      const { commandId, principal } = command;
      throw new AgentServerError(
        'duplicate_command',
        `Command ${commandId} of ${principal} is known already.`,
      );
    },
    put(sessionId, command) {
      put.run(...valuesOf(sessionId, command));
    },
  };
}

const jsonOrNull = (value: unknown): string | null => JSON.stringify(value) ?? null;
const parseOrNull = (value: SQLOutputValue | undefined): unknown =>
  value === null ? null : JSON.parse(String(value));

const valuesOf = (sessionId: string, command: CommandRecord) => [
  sessionId,
  command.principal,
  command.commandId,
  command.lane,
  command.state,
  command.bodyHash,
  jsonOrNull(command.command),
  jsonOrNull(command.result),
];

function commandOf(row: Record<string, SQLOutputValue>): CommandRecord {
  return {
    commandId: String(row.command_id),
    principal: String(row.principal),
    lane: row.lane as CommandRecord['lane'],
    state: row.state as CommandRecord['state'],
    bodyHash: String(row.body_hash),
    command: parseOrNull(row.command),
    result: parseOrNull(row.result),
  };
}
