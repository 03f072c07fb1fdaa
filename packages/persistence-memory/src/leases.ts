import type { LeaseResult, Leases } from '@hhopkins/agent-core';
import { type MemoryEpochs, memoryEpochs } from './epochs.ts';

export interface MemoryLeasesOptions {
  /** Shared with the event log that the leases fence; own ones by default. */
  epochs?: MemoryEpochs;
  /** The store's clock, milliseconds since 1970; `Date.now` by default. */
  now?: () => number;
}

/** Leases for engines of one process. */
export function memoryLeases(options: MemoryLeasesOptions = {}): Leases {
  const { epochs = memoryEpochs(), now = Date.now } = options;
  const held = new Map<string, { owner: string; epoch: number; expiresAt: number }>();
  const isoOf = (time: number) => new Date(time).toISOString();

  return {
    async acquire(sessionId, owner, ttlMs): Promise<LeaseResult> {
      const lease = held.get(sessionId);
      if (lease && lease.owner !== owner && lease.expiresAt > now()) {
        return { granted: false, owner: lease.owner, expiresAt: isoOf(lease.expiresAt) };
      }
      const expiresAt = now() + ttlMs;
      const epoch = epochs.raise(sessionId);
      held.set(sessionId, { owner, epoch, expiresAt });
      return { granted: true, epoch, expiresAt: isoOf(expiresAt) };
    },

    async renew(owner, leases, ttlMs) {
      const lost: string[] = [];
      for (const { sessionId, epoch } of leases) {
        const lease = held.get(sessionId);
        // One that ran out but that nobody took since is still its owner's: the epoch proves it.
        if (lease?.owner === owner && lease.epoch === epoch) lease.expiresAt = now() + ttlMs;
        else lost.push(sessionId);
      }
      return lost;
    },

    async release(sessionId, owner, epoch) {
      const lease = held.get(sessionId);
      if (lease?.owner === owner && lease.epoch === epoch) held.delete(sessionId);
    },
  };
}
