import type { AppendBatch, AppendResult, EventLog } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { type MemoryEpochs, memoryEpochs } from '../epochs.ts';
import { applyBatch } from './append.ts';
import { compactStream, putSnapshot } from './compact.ts';
import { readStream, snapshotOf } from './read.ts';
import { commandKey, type Stream } from './stream.ts';

export interface MemoryEventLogOptions {
  /** Shared with the leases that fence this log; own ones by default. */
  epochs?: MemoryEpochs;
  /** JSON bytes of the largest event it takes; 1 MiB by default. */
  maximumEventBytes?: number;
}

export interface MemoryEventLog extends EventLog {
  /** Forgets the session's events, snapshot and commands. The next stream of the session needs a new id. */
  removeStream(sessionId: string): void;
}

/**
 * An event log that lives as long as the process.
 *
 * @example
 * const epochs = memoryEpochs();
 * const eventLog = memoryEventLog({ epochs });
 * const leases = memoryLeases({ epochs });
 */
export function memoryEventLog(options: MemoryEventLogOptions = {}): MemoryEventLog {
  const { epochs = memoryEpochs(), maximumEventBytes = 1024 * 1024 } = options;
  const streams = new Map<string, Stream>();

  const appendOne = (batch: AppendBatch): AppendResult => {
    try {
      const { sessionId, epoch } = batch;
      const stream = epochs.write(sessionId, epoch, () =>
        applyBatch(streams.get(sessionId), batch, maximumEventBytes),
      );
      streams.set(sessionId, stream);
      return { ok: true, head: stream.head };
    } catch (error) {
      return refusalOf(error);
    }
  };

  return {
    durability: 'memory',
    async stream(sessionId) {
      const stream = streams.get(sessionId);
      if (!stream) return null;
      const { streamId, head, floor, journal, snapshot } = stream;
      return {
        streamId,
        head,
        floor,
        epoch: epochs.current(sessionId),
        journal: journal && { ...journal },
        snapshotSeq: snapshot?.seq ?? null,
      };
    },
    async append(batches) {
      return batches.map(appendOne);
    },
    async read(sessionId, query) {
      const stream = streams.get(sessionId);
      return stream ? readStream(stream, query) : null;
    },
    async loadSnapshot(sessionId, at) {
      const stream = streams.get(sessionId);
      return stream ? snapshotOf(stream, at) : null;
    },
    async saveSnapshot(sessionId, snapshot, write) {
      epochs.write(sessionId, write.epoch, () => putSnapshot(streams.get(sessionId), sessionId, snapshot));
    },
    async compact(sessionId, change) {
      epochs.write(sessionId, change.epoch, () => compactStream(streams.get(sessionId), sessionId, change));
    },
    async findCommand(sessionId, principal, commandId) {
      const command = streams.get(sessionId)?.commands.get(commandKey(principal, commandId));
      return command ? structuredClone(command) : null;
    },
    async openCommands(sessionId) {
      const commands = [...(streams.get(sessionId)?.commands.values() ?? [])];
      return structuredClone(commands.filter((command) => command.state !== 'ended'));
    },
    removeStream(sessionId) {
      streams.delete(sessionId);
    },
  };
}

function refusalOf(error: unknown): AppendResult {
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
