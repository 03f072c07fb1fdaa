import type { Revocation } from '../configuration.ts';

/** As many as a configuration may bring. */
const MOST_REVOCATIONS = 10_000;

/** Up to when the tokens of which sessions are void. */
export interface Revocations {
  add(revocation: Revocation): void;
  covers(token: { sessionId: string; issuedAt: number }): boolean;
}

export function createRevocations(): Revocations {
  const upTo = new Map<string, number>();
  return {
    add(revocation) {
      const { sessionId } = revocation;
      const latest = Math.max(revocation.upTo, upTo.get(sessionId) ?? 0);
      upTo.delete(sessionId);
      upTo.set(sessionId, latest);
      const [oldest] = upTo.keys();
      if (upTo.size > MOST_REVOCATIONS && oldest !== undefined) upTo.delete(oldest);
    },
    covers: ({ sessionId, issuedAt }) => issuedAt <= (upTo.get(sessionId) ?? Number.NEGATIVE_INFINITY),
  };
}
