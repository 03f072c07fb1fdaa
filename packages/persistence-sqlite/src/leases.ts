import type { LeaseResult } from '@hhopkins/agent-core';
import type { Epochs } from './epochs.ts';

/** `Leases`, synchronously and within a transaction. */
export interface LeaseTable {
  acquire(sessionId: string, owner: string, ttlMs: number): LeaseResult;
  renew(owner: string, leases: readonly { sessionId: string; epoch: number }[], ttlMs: number): string[];
  release(sessionId: string, owner: string, epoch: number): void;
}

/**
 * Holders are kept in memory, epochs in the database. The lock on the file proves that whoever held a lease before this
 * process opened it is dead, so such a session is granted at once instead of after its time; two engines on one adapter
 * still respect each other.
 */
export function createLeases(epochs: Epochs): LeaseTable {
  const held = new Map<string, { owner: string; epoch: number; expiresAt: number }>();
  const isoOf = (time: number) => new Date(time).toISOString();

  return {
    acquire(sessionId, owner, ttlMs) {
      const lease = held.get(sessionId);
      if (lease && lease.owner !== owner && lease.expiresAt > Date.now()) {
        return { granted: false, owner: lease.owner, expiresAt: isoOf(lease.expiresAt) };
      }
      const expiresAt = Date.now() + ttlMs;
      const epoch = epochs.raise(sessionId);
      held.set(sessionId, { owner, epoch, expiresAt });
      return { granted: true, epoch, expiresAt: isoOf(expiresAt) };
    },
    renew(owner, leases, ttlMs) {
      const lost: string[] = [];
      for (const { sessionId, epoch } of leases) {
        const lease = held.get(sessionId);
        // One that ran out but that nobody took since is still its owner's: the epoch proves it.
        if (lease?.owner === owner && lease.epoch === epoch) lease.expiresAt = Date.now() + ttlMs;
        else lost.push(sessionId);
      }
      return lost;
    },
    release(sessionId, owner, epoch) {
      const lease = held.get(sessionId);
      if (lease?.owner === owner && lease.epoch === epoch) held.delete(sessionId);
    },
  };
}
