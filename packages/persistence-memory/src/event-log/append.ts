import type { AppendBatch, CommandRecord } from '@hhopkins/agent-core';
import { AgentServerError, type SessionEvent } from '@hhopkins/agent-protocol';
import { commandKey, emptyStream, type StoredEvent, type Stream } from './stream.ts';

/** Everything that can refuse a batch happens before the first change, so that a batch is committed whole or not at all. */
export function applyBatch(
  stream: Stream | undefined,
  batch: AppendBatch,
  maximumEventBytes: number,
): Stream {
  checkHead(stream, batch);
  const next = stream ?? emptyStream(batch.streamId);
  checkNewCommands(next, batch.newCommands ?? []);
  const events = batch.events.map((event) => store(event, batch.sessionId, maximumEventBytes));
  const commands = structuredClone([...(batch.newCommands ?? []), ...(batch.commands ?? [])]);

  next.head += events.length;
  for (const event of events) next.events.push(event);
  if (batch.journal) next.journal = { ...batch.journal };
  for (const command of commands) putCommand(next, command);
  return next;
}

function checkHead(stream: Stream | undefined, batch: AppendBatch): void {
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

function checkNewCommands(stream: Stream, commands: readonly CommandRecord[]): void {
  const seen = new Set<string>();
  for (const { principal, commandId } of commands) {
    const key = commandKey(principal, commandId);
    if (stream.commands.has(key) || seen.has(key)) {
      throw new AgentServerError(
        'duplicate_command',
        `Command ${commandId} of ${principal} is known already.`,
      );
    }
    seen.add(key);
  }
}

function store(event: SessionEvent, sessionId: string, maximumEventBytes: number): StoredEvent {
  const json = JSON.stringify(event);
  const bytes = Buffer.byteLength(json);
  if (bytes > maximumEventBytes) {
    throw new AgentServerError(
      'event_too_large',
      `Session ${sessionId}: event ${event.seq} (${event.type}) has ${bytes} bytes of JSON, the log takes ${maximumEventBytes}.`,
    );
  }
  return { seq: event.seq, json, bytes };
}

function putCommand(stream: Stream, command: CommandRecord): void {
  const key = commandKey(command.principal, command.commandId);
  const known = stream.commands.get(key);
  if (known) Object.assign(known, { state: command.state, result: command.result });
  else stream.commands.set(key, command);
}
