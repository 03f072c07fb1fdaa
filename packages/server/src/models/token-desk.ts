import {
  DEFAULT_SESSION_LIMITS,
  type Provider,
  type Revocation,
  type SessionLimits,
  signToken,
} from '@hhopkins/agent-relay';

/** As many as a relay remembers. */
const MOST_REVOCATIONS = 10_000;

export interface TokenDeskOptions {
  limits?: Partial<SessionLimits> | undefined;
  tokenTtlMs: number;
}

/** Issues tokens and knows which it has voided. */
export interface TokenDesk {
  issue(secret: Uint8Array, session: { sessionId: string; architecture: string; provider: Provider }): string;
  /** Voids every token of the session that was issued until now; later ones are good. */
  revoke(sessionId: string): Revocation;
  /** Those that may still be tried, for a relay that has just started. */
  revoked(): Revocation[];
}

export function createTokenDesk({ limits, tokenTtlMs }: TokenDeskOptions): TokenDesk {
  const revoked = new Map<string, number>();
  let lastStamp = 0;

  /** Now, and never the same twice: a token issued right after a revocation is not covered by it. */
  function stamp(): number {
    lastStamp = Math.max(Date.now(), lastStamp + 1);
    return lastStamp;
  }

  return {
    issue(secret, session) {
      const issuedAt = stamp();
      return signToken(secret, {
        ...session,
        issuedAt,
        expiresAt: issuedAt + tokenTtlMs,
        limits: { ...DEFAULT_SESSION_LIMITS, ...limits },
      });
    },
    revoke(sessionId) {
      const upTo = stamp();
      revoked.delete(sessionId);
      revoked.set(sessionId, upTo);
      // The oldest come first, and tokens that have expired need no revocation.
      for (const [oldest, at] of revoked) {
        if (revoked.size <= MOST_REVOCATIONS && at + tokenTtlMs > upTo) break;
        revoked.delete(oldest);
      }
      return { sessionId, upTo };
    },
    revoked: () => [...revoked].map(([sessionId, upTo]) => ({ sessionId, upTo })),
  };
}
