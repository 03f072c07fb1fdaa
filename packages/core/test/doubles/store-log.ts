import { AgentServerError, type SessionEvent, type Snapshot } from '@hhopkins/agent-protocol';
import type { AppendBatch, AppendResult, CommandRecord, EventLog } from '../../src/ports/event-log.ts';
import type { FaultPoint } from './faults.ts';

export interface StoredStream {
  streamId: string;
  head: number;
  floor: number;
  epoch: number;
  journal: { id: string; offset: number } | null;
  /** As JSON: what is in the store shares nothing with who wrote it. */
  events: Map<number, string>;
  snapshot: string | null;
  commands: Map<string, CommandRecord>;
}

/** JSON characters of the largest event that it takes. */
const LARGEST_EVENT = 400_000;

const keyOf = (principal: string, commandId: string) => JSON.stringify([principal, commandId]);

/** The event log of the fake store. `epochOf` is shared with its leases. */
export function createStoreLog(
  streams: Map<string, StoredStream>,
  epochs: Map<string, number>,
  faults: FaultPoint,
): EventLog {
  const epochOf = (sessionId: string) => epochs.get(sessionId) ?? 0;

  const refusalOf = (batch: AppendBatch): Extract<AppendResult, { ok: false }> | null => {
    const refuse = (code: Extract<AppendResult, { ok: false }>['code'], message: string) =>
      ({ ok: false, code, message }) as const;
    const stream = streams.get(batch.sessionId);
    if (batch.epoch < epochOf(batch.sessionId)) return refuse('stale_epoch', 'a higher epoch was given');
    if (stream && stream.streamId !== batch.streamId) return refuse('head_mismatch', 'another stream');
    if ((stream?.head ?? 0) !== batch.expectedHead)
      return refuse('head_mismatch', `head is ${stream?.head ?? 0}, not ${batch.expectedHead}`);
    if (batch.events.some(({ seq }, index) => seq !== batch.expectedHead + 1 + index))
      return refuse('head_mismatch', 'a gap');
    if (batch.events.some((event) => JSON.stringify(event).length > LARGEST_EVENT))
      return refuse('event_too_large', 'an event is too large');
    const known = batch.newCommands?.find(({ principal, commandId }) =>
      stream?.commands.has(keyOf(principal, commandId)),
    );
    return known ? refuse('duplicate_command', `command ${known.commandId} is known`) : null;
  };

  const appendOne = (batch: AppendBatch): AppendResult => {
    const refusal = refusalOf(batch);
    if (refusal) return refusal;
    const stream: StoredStream = streams.get(batch.sessionId) ?? {
      streamId: batch.streamId,
      head: 0,
      floor: 0,
      epoch: 0,
      journal: null,
      events: new Map(),
      snapshot: null,
      commands: new Map(),
    };
    streams.set(batch.sessionId, stream);
    epochs.set(batch.sessionId, batch.epoch);
    for (const event of batch.events) stream.events.set(event.seq, JSON.stringify(event));
    stream.head += batch.events.length;
    if (batch.journal) stream.journal = { ...batch.journal };
    for (const command of structuredClone([...(batch.newCommands ?? []), ...(batch.commands ?? [])])) {
      const key = keyOf(command.principal, command.commandId);
      const known = stream.commands.get(key);
      stream.commands.set(key, known ? { ...known, state: command.state, result: command.result } : command);
    }
    return { ok: true, head: stream.head };
  };

  const guard = (sessionId: string, epoch: number) => {
    if (epoch < epochOf(sessionId)) throw new AgentServerError('stale_epoch', 'a higher epoch was given');
  };

  const snapshotOf = (stream: StoredStream | undefined, at = Number.POSITIVE_INFINITY): Snapshot | null => {
    const snapshot = stream?.snapshot ? (JSON.parse(stream.snapshot) as Snapshot) : null;
    return snapshot && snapshot.seq <= at ? snapshot : null;
  };

  return {
    durability: 'store',
    stream: (sessionId) =>
      faults.pass('stream', () => {
        const stream = streams.get(sessionId);
        if (!stream) return null;
        const { streamId, head, floor, journal } = stream;
        const snapshotSeq = snapshotOf(stream)?.seq ?? null;
        return {
          streamId,
          head,
          floor,
          epoch: epochOf(sessionId),
          journal: journal && { ...journal },
          snapshotSeq,
        };
      }),
    append: (batches) => faults.pass('append', () => batches.map(appendOne)),
    read: (sessionId, { after, streamId, limit, maximumBytes = Number.POSITIVE_INFINITY }) =>
      faults.pass('read', () => {
        const stream = streams.get(sessionId);
        if (!stream) return null;
        const { head, floor } = stream;
        const other = streamId !== undefined && streamId !== stream.streamId;
        if (other || after < floor || after > head)
          return { kind: 'reset', streamId: stream.streamId, head, snapshot: snapshotOf(stream) };
        const events: SessionEvent[] = [];
        let bytes = 0;
        for (let seq = after + 1; seq <= head && events.length < limit; seq += 1) {
          const json = stream.events.get(seq);
          if (json === undefined) continue;
          bytes += json.length;
          if (events.length > 0 && bytes > maximumBytes) break;
          events.push(JSON.parse(json) as SessionEvent);
        }
        return { kind: 'events', streamId: stream.streamId, head, floor, events };
      }),
    loadSnapshot: (sessionId, at) =>
      faults.pass('loadSnapshot', () => snapshotOf(streams.get(sessionId), at)),
    saveSnapshot: (sessionId, snapshot, { epoch }) =>
      faults.pass('saveSnapshot', () => {
        guard(sessionId, epoch);
        const stream = streams.get(sessionId);
        if (!stream || stream.streamId !== snapshot.streamId || snapshot.seq > stream.head)
          throw new AgentServerError('head_mismatch', 'the snapshot is of another stream');
        if (snapshot.seq >= (snapshotOf(stream)?.seq ?? 0)) stream.snapshot = JSON.stringify(snapshot);
      }),
    compact: (sessionId, { epoch, floor, drop }) =>
      faults.pass('compact', () => {
        guard(sessionId, epoch);
        const stream = streams.get(sessionId);
        if (!stream || (snapshotOf(stream)?.seq ?? -1) < floor)
          throw new AgentServerError('head_mismatch', 'no snapshot covers this');
        for (const seq of drop) stream.events.delete(seq);
        stream.floor = Math.max(stream.floor, floor);
      }),
    findCommand: (sessionId, principal, commandId) =>
      faults.pass('findCommand', () => {
        const found = streams.get(sessionId)?.commands.get(keyOf(principal, commandId));
        return found ? structuredClone(found) : null;
      }),
    openCommands: (sessionId) =>
      faults.pass('openCommands', () =>
        structuredClone(
          [...(streams.get(sessionId)?.commands.values() ?? [])].filter(({ state }) => state !== 'ended'),
        ),
      ),
  };
}
