import type { Refusal } from '../proxy/refusal.ts';
import type { TokenClaims } from '../token.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

/** Sessions remembered at a time. Only signed tokens make one, and one in use is never forgotten. */
const MOST_SESSIONS = 10_000;

interface Account {
  bucket: TokenBucket;
  active: number;
  requests: number;
  outputTokens: number;
}

/** A request that was let in. */
export interface Admission {
  /** Call once, when the request has ended, with the tokens that the model wrote for it. */
  end(outputTokens: number): void;
}

/** What sessions have used of their limits since this relay started. */
export interface Ledger {
  /** Sessions with a request under way or in memory. */
  readonly size: number;
  admit(claims: TokenClaims): Admission | Refusal;
}

export function createLedger(now: () => number): Ledger {
  const accounts = new Map<string, Account>();

  function accountOf(sessionId: string): Account {
    const account = accounts.get(sessionId) ?? {
      bucket: createTokenBucket(),
      active: 0,
      requests: 0,
      outputTokens: 0,
    };
    // The map's order is that of their last use.
    accounts.delete(sessionId);
    accounts.set(sessionId, account);
    if (accounts.size > MOST_SESSIONS) forgetOne();
    return account;
  }

  function forgetOne(): void {
    for (const [sessionId, { active }] of accounts) {
      if (active > 0) continue;
      accounts.delete(sessionId);
      return;
    }
  }

  return {
    get size() {
      return accounts.size;
    },
    admit({ sessionId, limits }) {
      const account = accountOf(sessionId);
      const spent = spentBudget(account, limits);
      if (spent) return spent;
      if (account.active >= limits.concurrentRequests) {
        return {
          status: 429,
          code: 'too_many_at_once',
          message: `This session has ${account.active} model requests under way, the most it may have. Wait for one to end.`,
          retryAfterMs: 1_000,
        };
      }
      const waitMs = account.bucket.take(limits.requestsPerMinute, now());
      if (waitMs > 0) {
        return {
          status: 429,
          code: 'rate_limited',
          message: `This session may make ${limits.requestsPerMinute} model requests a minute. Try again in ${Math.ceil(waitMs / 1000)} s.`,
          retryAfterMs: waitMs,
        };
      }
      account.active += 1;
      account.requests += 1;
      return {
        end(outputTokens) {
          account.active -= 1;
          account.outputTokens += outputTokens;
        },
      };
    },
  };
}

function spentBudget(account: Account, limits: TokenClaims['limits']): Refusal | undefined {
  const refuse = (what: string): Refusal => ({
    status: 403,
    code: 'budget_exhausted',
    message: `This session has used up its budget of ${what}. Start a new session, or ask the operator for a larger budget.`,
  });
  if (limits.requests !== undefined && account.requests >= limits.requests) {
    return refuse(`${limits.requests} model requests`);
  }
  if (limits.outputTokens !== undefined && account.outputTokens >= limits.outputTokens) {
    return refuse(`${limits.outputTokens} output tokens`);
  }
  return undefined;
}
