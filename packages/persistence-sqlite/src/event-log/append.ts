import type { DatabaseSync } from 'node:sqlite';
import type { AppendBatch, AppendResult, StreamInfo } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';
import type { Epochs } from '../epochs.ts';
import { isConstraintFault } from '../errors.ts';
import { createSavepoint } from '../transaction.ts';
import type { CommandTable } from './commands.ts';

/** JSON bytes of the largest event that the log takes. */
const MAXIMUM_EVENT_BYTES = 1024 * 1024;

/** Appends within a transaction of the caller: a savepoint for each batch, so that a batch's fault takes back that batch alone. */
export function createAppend(
  database: DatabaseSync,
  parts: { epochs: Epochs; commands: CommandTable; findStream: (sessionId: string) => StreamInfo | null },
): (batches: readonly AppendBatch[]) => AppendResult[] {
  const savepoint = createSavepoint(database);
  const insertEvent = database.prepare('INSERT INTO agent_events (session_id, seq, event) VALUES (?, ?, ?)');
  const createStream = database.prepare(
    `INSERT INTO agent_streams (session_id, stream_id) VALUES (?, ?)
     ON CONFLICT (session_id) DO UPDATE SET stream_id = excluded.stream_id`,
  );
  const advance = database.prepare('UPDATE agent_streams SET head = ? WHERE session_id = ?');
  const moveJournal = database.prepare(
    'UPDATE agent_streams SET journal_id = ?, journal_offset = ? WHERE session_id = ?',
  );

  const appendOne = (batch: AppendBatch): AppendResult => {
    const { sessionId, events, journal } = batch;
    parts.epochs.admit(sessionId, batch.epoch);
    const stream = parts.findStream(sessionId);
    checkHead(stream, batch);
    if (!stream) createStream.run(sessionId, batch.streamId);
    for (const command of batch.newCommands ?? []) parts.commands.insertNew(sessionId, command);
    for (const command of batch.commands ?? []) parts.commands.put(sessionId, command);
    for (const event of events) insertEvent.run(sessionId, event.seq, jsonOf(event, sessionId));
    const head = batch.expectedHead + events.length;
    if (events.length > 0) advance.run(head, sessionId);
    if (journal) moveJournal.run(journal.id, journal.offset, sessionId);
    return { ok: true, head };
  };

  return (batches) =>
    batches.map((batch) => {
      try {
        return savepoint(() => appendOne(batch));
      } catch (error) {
        return refusalOf(error);
      }
    });
}

function checkHead(stream: StreamInfo | null, batch: AppendBatch): void {
  const refuse = (reason: string): never => {
    throw new AgentServerError('head_mismatch', `Session ${batch.sessionId}: ${reason}; re-read the stream.`);
  };
  if (stream && stream.streamId !== batch.streamId) {
    refuse(`the batch is of stream ${batch.streamId}, the log has ${stream.streamId}`);
  }
  const head = stream?.head ?? 0;
  if (head !== batch.expectedHead)
    refuse(`the batch expects head ${batch.expectedHead}, the log is at ${head}`);
  batch.events.forEach((event, index) => {
    const seq = head + 1 + index;
    if (event.seq !== seq) refuse(`the event at place ${index} has seq ${event.seq} instead of ${seq}`);
  });
}

function jsonOf(event: AppendBatch['events'][number], sessionId: string): string {
  const json = JSON.stringify(event);
  // A character is at most three bytes, so that the usual small event needs no count.
  const bytes = json.length * 3 > MAXIMUM_EVENT_BYTES ? Buffer.byteLength(json) : 0;
  if (bytes <= MAXIMUM_EVENT_BYTES) return json;
  throw new AgentServerError(
    'event_too_large',
    `Session ${sessionId}: event ${event.seq} (${event.type}) has ${bytes} bytes of JSON, the log takes ${MAXIMUM_EVENT_BYTES}.`,
  );
}

/** The answer for a batch that is at fault itself; what concerns the whole store is thrown on. */
function refusalOf(error: unknown): AppendResult {
  if (isConstraintFault(error)) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, code: 'store_unavailable', message: `The log refused the batch: ${reason}.` };
  }
  if (!AgentServerError.isInstance(error)) throw error;
  switch (error.code) {
    case 'stale_epoch':
    case 'head_mismatch':
    case 'duplicate_command':
    case 'event_too_large':
      return { ok: false, code: error.code, message: error.message };
    default:
      throw error;
  }
}
