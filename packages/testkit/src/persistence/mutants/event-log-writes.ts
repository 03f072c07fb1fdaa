import type { AppendBatch, AppendResult, EventLog } from '@hhopkins/agent-core';
import { logMutant, type StoreMutant } from './mutant.ts';

/** Appends each batch as `change` makes it. */
const onAppend = (log: EventLog, change: (batch: AppendBatch) => AppendBatch | Promise<AppendBatch>) => ({
  append: async (batches: readonly AppendBatch[]) => await log.append(await Promise.all(batches.map(change))),
});

/** Does something more with each batch that was refused. */
const onRefusal = (
  log: EventLog,
  act: (batch: AppendBatch, result: Extract<AppendResult, { ok: false }>) => Promise<unknown>,
) => ({
  async append(batches: readonly AppendBatch[]) {
    const results = await log.append(batches);
    for (const [index, result] of results.entries()) {
      if (!result.ok) await act(batches[index] as AppendBatch, result);
    }
    return results;
  },
});

/** Faults of `append`, snapshots, compaction and commands. */
export const eventLogWriteMutants: readonly StoreMutant[] = [
  logMutant('ignores the epoch of appends', 'append-epoch', (log) =>
    onAppend(log, async (batch) => {
      const epoch = (await log.stream(batch.sessionId))?.epoch ?? 0;
      return { ...batch, epoch: Math.max(batch.epoch, epoch) };
    }),
  ),
  logMutant('knows nothing of leases', 'log-lease-fences', (log) => {
    const written = new Map<string, number>();
    return onAppend(log, async (batch) => {
      const epoch = (await log.stream(batch.sessionId))?.epoch ?? 0;
      const isStale = batch.epoch < (written.get(batch.sessionId) ?? 0);
      written.set(batch.sessionId, batch.epoch);
      return isStale ? batch : { ...batch, epoch: Math.max(batch.epoch, epoch) };
    });
  }),
  logMutant('ignores the expected head', 'append-expected-head', (log) =>
    onAppend(log, async (batch) => {
      const expectedHead = (await log.stream(batch.sessionId))?.head ?? 0;
      const events = batch.events.map((event, index) => ({ ...event, seq: expectedHead + 1 + index }));
      return { ...batch, expectedHead, events };
    }),
  ),
  logMutant('closes gaps by itself', 'append-gapless', (log) =>
    onAppend(log, (batch) => ({
      ...batch,
      events: batch.events.map((event, index) => ({ ...event, seq: batch.expectedHead + 1 + index })),
    })),
  ),
  logMutant('takes the events of any stream', 'append-other-stream', (log) =>
    onAppend(log, async (batch) => {
      const streamId = (await log.stream(batch.sessionId))?.streamId ?? batch.streamId;
      return { ...batch, streamId };
    }),
  ),
  logMutant('commits the half of a batch that is good', 'append-atomic', (log) =>
    onRefusal(log, async ({ newCommands, commands, ...batch }, { code }) => {
      if (code === 'event_too_large') await log.append([{ ...batch, events: batch.events.slice(0, -1) }]);
    }),
  ),
  logMutant('fails all batches for the fault of one', 'append-own-fault', (log) => ({
    async append(batches) {
      const results = await log.append(batches);
      const fault = results.find((result) => !result.ok);
      return fault ? results.map(() => fault) : results;
    },
  })),
  logMutant('commits the position of a batch that was refused', 'journal-refused', (log) =>
    onRefusal(log, async ({ journal, ...batch }) => {
      const stream = await log.stream(batch.sessionId);
      if (!stream || !journal) return;
      const { head: expectedHead, epoch } = stream;
      await log.append([
        { ...batch, expectedHead, epoch, journal, events: [], commands: [], newCommands: [] },
      ]);
    }),
  ),
  logMutant('commits the position one append late', 'journal-with-events', (log) => {
    const waiting = new Map<string, AppendBatch['journal']>();
    return onAppend(log, (batch) => {
      const journal = waiting.get(batch.sessionId);
      waiting.set(batch.sessionId, batch.journal);
      return { ...batch, journal };
    });
  }),
  logMutant('forgets the position when an append has none', 'journal-absent', (log) => {
    const without = new Set<string>();
    return {
      ...onAppend(log, (batch) => {
        if (batch.journal) without.delete(batch.sessionId);
        else without.add(batch.sessionId);
        return batch;
      }),
      async stream(sessionId) {
        const stream = await log.stream(sessionId);
        return stream && without.has(sessionId) ? { ...stream, journal: null } : stream;
      },
    };
  }),
  logMutant('lets the last snapshot win, however old', 'snapshot-newest', (log) => {
    const last = new Map<string, Awaited<ReturnType<EventLog['loadSnapshot']>>>();
    return {
      async saveSnapshot(sessionId, snapshot, write) {
        await log.saveSnapshot(sessionId, snapshot, write);
        last.set(sessionId, snapshot);
      },
      loadSnapshot: async (sessionId) => last.get(sessionId) ?? null,
    };
  }),
  logMutant('swallows the refusal of a snapshot', 'snapshot-refused', (log) => ({
    saveSnapshot: (sessionId, snapshot, write) =>
      log.saveSnapshot(sessionId, snapshot, write).catch(() => {}),
  })),
  logMutant('ignores the epoch of snapshots', 'snapshot-epoch', (log) => ({
    saveSnapshot: (sessionId, snapshot) =>
      log.saveSnapshot(sessionId, snapshot, { epoch: Number.MAX_SAFE_INTEGER }),
  })),
  logMutant('gives the newest snapshot for any seq', 'snapshot-at', (log) => ({
    loadSnapshot: (sessionId) => log.loadSnapshot(sessionId),
  })),
  logMutant('ignores the epoch of compactions', 'compact-epoch', (log) => ({
    compact: (sessionId, change) => log.compact(sessionId, { ...change, epoch: Number.MAX_SAFE_INTEGER }),
  })),
  logMutant('compacts up to the snapshot when asked for more', 'compact-needs-snapshot', (log) => ({
    async compact(sessionId, change) {
      const floor = Math.min(change.floor, (await log.stream(sessionId))?.snapshotSeq ?? 0);
      await log.compact(sessionId, { ...change, floor, drop: [] }).catch(() => {});
    },
  })),
  logMutant('forgets the states of commands', 'command-state', (log) =>
    onAppend(log, ({ commands, ...batch }) => batch),
  ),
  logMutant('takes known commands for changed ones', 'command-duplicate', (log) =>
    onAppend(log, ({ newCommands = [], commands = [], ...batch }) => ({
      ...batch,
      commands: [...newCommands, ...commands],
    })),
  ),
  logMutant('finds a command whoever it is of', 'command-apart', (log) => ({
    findCommand: async (sessionId, principal, commandId) =>
      (await log.findCommand(sessionId, 'anna', commandId)) ??
      (await log.findCommand(sessionId, principal, commandId)),
  })),
  logMutant('gives the newest open command first', 'command-open', (log) => ({
    openCommands: async (sessionId) => (await log.openCommands(sessionId)).toReversed(),
  })),
  logMutant('loses open commands at a snapshot', 'model', (log) => {
    const cut = new Set<string>();
    return {
      async saveSnapshot(sessionId, snapshot, write) {
        await log.saveSnapshot(sessionId, snapshot, write);
        cut.add(sessionId);
      },
      openCommands: async (sessionId) =>
        (await log.openCommands(sessionId)).slice(cut.has(sessionId) ? 1 : 0),
    };
  }),
];
