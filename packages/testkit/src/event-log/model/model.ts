import type { AppendBatch, CommandRecord, ReadResult, StreamInfo } from '@hhopkins/agent-core';
import type { SessionEvent, Snapshot } from '@hhopkins/agent-protocol';

/** What a log should hold of one session, as plainly as it can be said. Nothing is ever removed but by a purge. */
export interface ModelStream extends StreamInfo {
  events: SessionEvent[];
  snapshot: Snapshot | null;
  commands: CommandRecord[];
}

/** Codes that a batch may be refused with, none when it must be committed. Several faults may be named by any of theirs. */
export function faultsOf(stream: ModelStream | undefined, batch: AppendBatch): string[] {
  const faults: string[] = [];
  if (batch.epoch < (stream?.epoch ?? 0)) faults.push('stale_epoch');
  const isElsewhere = stream !== undefined && stream.streamId !== batch.streamId;
  if (isElsewhere || batch.expectedHead !== (stream?.head ?? 0)) faults.push('head_mismatch');
  const isKnown = (command: CommandRecord) => stream?.commands.some((known) => isSameCommand(known, command));
  if (batch.newCommands?.some(isKnown)) faults.push('duplicate_command');
  return faults;
}

/** The stream after a batch without faults. */
export function commit(stream: ModelStream | undefined, batch: AppendBatch): ModelStream {
  const next: ModelStream = stream ?? {
    streamId: batch.streamId,
    head: 0,
    floor: 0,
    epoch: 0,
    journal: null,
    snapshotSeq: null,
    events: [],
    snapshot: null,
    commands: [],
  };
  next.head += batch.events.length;
  next.epoch = batch.epoch;
  next.journal = batch.journal ?? next.journal;
  next.events.push(...batch.events);
  next.commands.push(...(batch.newCommands ?? []));
  for (const { state, result, ...command } of batch.commands ?? []) {
    const known = next.commands.find((each) => isSameCommand(each, command));
    if (known) Object.assign(known, { state, result });
    else next.commands.push({ ...command, state, result });
  }
  return next;
}

/** What a read must answer. */
export function answerOf(
  stream: ModelStream | undefined,
  query: { after: number; streamId?: string | undefined; limit: number },
): ReadResult | null {
  if (!stream) return null;
  const { streamId, head, floor, snapshot } = stream;
  const { after, limit } = query;
  const isOther = query.streamId !== undefined && query.streamId !== streamId;
  if (isOther || after < floor || after > head) return { kind: 'reset', streamId, head, snapshot };
  const events = stream.events.filter((event) => event.seq > after).slice(0, limit);
  return { kind: 'events', streamId, head, floor, events };
}

/** What `stream` must answer. */
export function infoOf(stream: ModelStream | undefined): StreamInfo | null {
  if (!stream) return null;
  const { streamId, head, floor, epoch, journal, snapshotSeq } = stream;
  return { streamId, head, floor, epoch, journal, snapshotSeq };
}

type CommandKey = Pick<CommandRecord, 'principal' | 'commandId'>;
const isSameCommand = (one: CommandKey, other: CommandKey) =>
  one.principal === other.principal && one.commandId === other.commandId;
