import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DEFAULT_SESSION_LIMITS, readToken, signToken, type TokenClaims } from './token.ts';

const secret = randomBytes(32);
const claims: TokenClaims = {
  sessionId: 'séance 1',
  architecture: 'claude',
  provider: 'anthropic',
  issuedAt: 1,
  expiresAt: 2,
  limits: { ...DEFAULT_SESSION_LIMITS, outputTokens: 7 },
};

it('says what was signed', () => {
  expect(readToken(secret, signToken(secret, claims))).toEqual(claims);
});

it('says nothing when one character of it was changed, left out or added', () => {
  const token = signToken(secret, claims);
  const anywhere = fc.integer({ min: 0, max: token.length - 1 });
  fc.assert(
    fc.property(anywhere, fc.string({ maxLength: 2 }), (at, inserted) => {
      const changed = token.slice(0, at) + inserted + token.slice(at + 1);
      fc.pre(changed !== token);
      expect(readToken(secret, changed)).toBeUndefined();
    }),
  );
});

it('says nothing to another secret', () => {
  expect(readToken(randomBytes(32), signToken(secret, claims))).toBeUndefined();
});
