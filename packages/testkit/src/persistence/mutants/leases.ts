import { leaseMutant, override, type StoreMutant } from './mutant.ts';

/** Faults of leases. */
export const leaseMutants: readonly StoreMutant[] = [
  leaseMutant('grants to whoever asks', 'lease-exclusive', (leases) => ({
    acquire: (sessionId, _owner, ttlMs) => leases.acquire(sessionId, 'everybody', ttlMs),
  })),
  leaseMutant('looks before it takes, and not again', 'lease-one-winner', (leases) => {
    const holders = new Map<string, string>();
    return {
      async acquire(sessionId, owner, ttlMs) {
        const isFree = !holders.has(sessionId);
        await new Promise((resolve) => setImmediate(resolve));
        holders.set(sessionId, owner);
        return await leases.acquire(sessionId, isFree ? 'everybody' : owner, ttlMs);
      },
    };
  }),
  leaseMutant('gives the holder its old epoch again', 'lease-holder-again', (leases) => {
    const first = new Map<string, number>();
    return {
      async acquire(sessionId, owner, ttlMs) {
        const lease = await leases.acquire(sessionId, owner, ttlMs);
        if (!lease.granted) return lease;
        const epoch = first.get(sessionId + owner) ?? lease.epoch;
        first.set(sessionId + owner, epoch);
        return { ...lease, epoch };
      },
    };
  }),
  leaseMutant('says that all were renewed', 'lease-renew', (leases) => ({
    async renew(owner, held, ttlMs) {
      await leases.renew(owner, held, ttlMs);
      return [];
    },
  })),
  leaseMutant('does not extend', 'lease-renew', (leases) => ({
    renew: (owner, held) => leases.renew(owner, held, 60_000 / 2),
  })),
  leaseMutant('releases whatever is asked', 'lease-release-stale', (leases) => {
    const current = new Map<string, [owner: string, epoch: number]>();
    return {
      async acquire(sessionId, owner, ttlMs) {
        const lease = await leases.acquire(sessionId, owner, ttlMs);
        if (lease.granted) current.set(sessionId, [owner, lease.epoch]);
        return lease;
      },
      async release(sessionId) {
        const [owner, epoch] = current.get(sessionId) ?? ['', 0];
        await leases.release(sessionId, owner, epoch);
      },
    };
  }),
  leaseMutant('never releases', 'lease-release', () => ({ release: async () => {} })),
  {
    name: 'counts epochs anew after a deletion',
    breaks: 'lease-epoch-after-delete',
    wrap(store) {
      const base = new Map<string, number>();
      const acquire: typeof store.leases.acquire = async (sessionId, owner, ttlMs) => {
        const lease = await store.leases.acquire(sessionId, owner, ttlMs);
        if (!lease.granted) return lease;
        base.set(sessionId, base.get(sessionId) ?? lease.epoch);
        return { ...lease, epoch: lease.epoch - (base.get(sessionId) ?? 0) + 1 };
      };
      return override(store, {
        leases: override(store.leases, { acquire }),
        async deleteSession(sessionId) {
          base.delete(sessionId);
          await store.deleteSession(sessionId);
        },
      });
    },
  },
];
