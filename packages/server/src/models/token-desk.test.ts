import { readToken } from '@hhopkins/agent-relay';
import { expect, it, onTestFinished, vi } from 'vitest';
import { createTokenDesk } from './token-desk.ts';

const SECRET = Buffer.alloc(32, 7);
const TTL_MS = 60_000;
const session = { sessionId: 'session-1', architecture: 'claude-sdk', provider: 'anthropic' } as const;

function createDesk() {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const desk = createTokenDesk({ tokenTtlMs: TTL_MS, limits: { outputTokens: 5 } });
  return { ...desk, claims: () => readToken(SECRET, desk.issue(SECRET, session)) };
}

it('issues tokens that say for whom, for how long and how much', () => {
  const { claims } = createDesk();
  const now = Date.now();
  expect(claims()).toMatchObject({
    ...session,
    issuedAt: now,
    expiresAt: now + TTL_MS,
    limits: { outputTokens: 5, requestsPerMinute: expect.any(Number) },
  });
});

it('tells what was issued before a revocation from what was issued after it, within one millisecond too', () => {
  const { claims, revoke } = createDesk();
  const before = claims();
  const { upTo } = revoke(session.sessionId);
  const after = claims();
  expect(before?.issuedAt).toBeLessThanOrEqual(upTo);
  expect(after?.issuedAt).toBeGreaterThan(upTo);
});

it('forgets a revocation when every token that it covers has expired', () => {
  const { revoke, revoked } = createDesk();
  revoke('old');
  vi.advanceTimersByTime(TTL_MS);
  revoke('new');
  expect(revoked().map(({ sessionId }) => sessionId)).toEqual(['new']);
});

it('remembers as many as a relay takes, the latest ones', () => {
  const { revoke, revoked } = createDesk();
  const taken = 10_000;
  for (let each = 0; each < taken + 2; each += 1) revoke(`session-${each}`);
  expect(revoked()).toHaveLength(taken);
  expect(revoked()[0]?.sessionId).toBe('session-2');
});
