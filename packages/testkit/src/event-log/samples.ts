import assert from 'node:assert/strict';
import type { AppendBatch, AppendResult, CommandRecord, EventLog, ReadResult } from '@hhopkins/agent-core';
import { initialState, reduce, type SessionEvent, type Snapshot } from '@hhopkins/agent-protocol';
import { newId } from '../persistence/samples.ts';

/** A stream that a case writes to: where it is, so that batches follow each other. */
export interface Writer {
  readonly sessionId: string;
  readonly streamId: string;
  epoch: number;
  head: number;
}

export const newWriter = (changes: Partial<Writer> = {}): Writer => ({
  sessionId: newId('session'),
  streamId: newId('stream'),
  epoch: 1,
  head: 0,
  ...changes,
});

/** An event of the writer's session; its text tells session and place. */
export function sampleEvent(writer: Writer, seq: number, text = ''): SessionEvent {
  return {
    seq,
    type: 'log',
    payload: { level: 'info', message: `${writer.sessionId} ${writer.streamId} ${seq} ${text}` },
    context: {
      sessionId: writer.sessionId,
      conversationId: 'main',
      source: 'engine',
      timestamp: new Date(Date.UTC(2026, 2, 1) + seq).toISOString(),
    },
  };
}

/** `count` events that follow the writer's head. */
export const nextEvents = (writer: Writer, count: number, text?: string): SessionEvent[] =>
  Array.from({ length: count }, (_, index) => sampleEvent(writer, writer.head + 1 + index, text));

export const batchOf = (
  writer: Writer,
  events: readonly SessionEvent[],
  extra: Partial<AppendBatch> = {},
): AppendBatch => ({
  sessionId: writer.sessionId,
  streamId: writer.streamId,
  epoch: writer.epoch,
  expectedHead: writer.head,
  events,
  ...extra,
});

/** Appends one batch and gives its result. */
export async function appendOne(eventLog: EventLog, batch: AppendBatch): Promise<AppendResult> {
  const results = await eventLog.append([batch]);
  assert.equal(results.length, 1, 'one batch has one result');
  return results[0] as AppendResult;
}

/** Appends `count` events, which must succeed, and moves the writer on. */
export async function appendEvents(
  eventLog: EventLog,
  writer: Writer,
  count: number,
  extra: Partial<AppendBatch> = {},
): Promise<SessionEvent[]> {
  const events = nextEvents(writer, count);
  const result = await appendOne(eventLog, batchOf(writer, events, extra));
  assert.ok(result.ok, `the append failed: ${JSON.stringify(result)}`);
  assert.equal(result.head, writer.head + count, 'the head that the append answered');
  writer.head += count;
  return events;
}

/** The append must be refused with this code. */
export async function assertRefusedBatch(
  eventLog: EventLog,
  batch: AppendBatch,
  code: string,
): Promise<void> {
  assertRefusal(await appendOne(eventLog, batch), code);
}

export function assertRefusal(result: AppendResult | undefined, code: string): void {
  assert.ok(result && !result.ok, `the batch was committed instead of refused with ${code}`);
  assert.equal(result.code, code, result.message);
  assert.ok(result.message.length > 0, 'a refusal says why');
}

/** Reads on from `after`, which must give events and not a reset. */
export async function readEvents(
  eventLog: EventLog,
  sessionId: string,
  query: Partial<Parameters<EventLog['read']>[1]> = {},
): Promise<Extract<ReadResult, { kind: 'events' }>> {
  const answer = await eventLog.read(sessionId, { after: 0, limit: 10_000, ...query });
  assert.ok(
    answer?.kind === 'events',
    `a read of ${JSON.stringify(query)} gave ${answer?.kind ?? 'no stream'}`,
  );
  return answer;
}

/** A snapshot of the stream at `seq`, reduced from events that say so. */
export function sampleSnapshot(writer: Writer, seq: number, text = ''): Snapshot {
  const state = [sampleEvent(writer, Math.max(1, seq))].reduce(reduce, initialState(writer.sessionId));
  const session = { ...state.session, metadata: { seq, text } };
  return { ...state, session, streamId: writer.streamId, seq };
}

export const sampleCommand = (changes: Partial<CommandRecord> = {}): CommandRecord => ({
  commandId: newId('command'),
  principal: 'anna',
  lane: 'turns',
  state: 'queued',
  bodyHash: 'a'.repeat(64),
  command: { type: 'prompt', turnId: newId('turn'), content: 'Hello "world" 🙂' },
  result: { messageId: newId('message'), durability: 'durable' },
  ...changes,
});
