/** The right to run a session. `epoch` only ever grows, by the store's own count. */
export type LeaseResult =
  | { granted: true; epoch: number /** ISO 8601, by the store's clock. */; expiresAt: string }
  | { granted: false; owner: string; expiresAt: string };

/** Who runs which session, by the store's clock. A grant raises the session's epoch, and the store then refuses writes of older ones. */
export interface Leases {
  /** Granted when nobody holds it, it ran out, or its holder is known to be dead. The holder itself gets a new epoch too. */
  acquire(sessionId: string, owner: string, ttlMs: number): Promise<LeaseResult>;
  /** Extends those of `leases` that are still this owner's with that epoch, and returns the sessions that are not. */
  renew(
    owner: string,
    leases: readonly { sessionId: string; epoch: number }[],
    ttlMs: number,
  ): Promise<string[]>;
  /** Nothing happens when it is no longer held with this epoch. */
  release(sessionId: string, owner: string, epoch: number): Promise<void>;
}
