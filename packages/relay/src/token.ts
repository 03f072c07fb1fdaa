import { createHmac, timingSafeEqual } from 'node:crypto';
import { idSchema } from '@hhopkins/agent-protocol';
import { z } from 'zod';

/** The APIs that models are reached by. */
export const providerSchema = z.enum(['anthropic']);
export type Provider = z.infer<typeof providerSchema>;

const count = z.number().int().positive();

/** What one session may ask of the relay. */
export const sessionLimitsSchema = z.object({
  /** Requests a minute; as many may come at once after a quiet minute. */
  requestsPerMinute: count,
  /** Requests under way at a time. */
  concurrentRequests: count,
  /** Size of a request's body, in bytes. */
  bodyBytes: count,
  /** Requests in the session's whole life; without it they are not counted. */
  requests: count.optional(),
  /** Tokens that the model may write in the session's whole life; without it they are not counted. */
  outputTokens: count.optional(),
});
export type SessionLimits = z.infer<typeof sessionLimitsSchema>;

/** Generous for an agent with many subagents, and still an end to one that runs wild. */
export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  requestsPerMinute: 600,
  concurrentRequests: 32,
  bodyBytes: 32 * 1024 * 1024,
};

/** What a token says. Times are milliseconds since 1970. */
export const tokenClaimsSchema = z.object({
  sessionId: idSchema,
  architecture: idSchema,
  provider: providerSchema,
  /** Every token of a session has its own: revoking voids those up to a time. */
  issuedAt: z.number().int(),
  expiresAt: z.number().int(),
  limits: sessionLimitsSchema,
});
export type TokenClaims = z.infer<typeof tokenClaimsSchema>;

const PREFIX = 'agentrelay1';
const MOST_CHARACTERS = 4096;

/**
 * Makes the token of a session: `agentrelay1.<claims>.<HMAC-SHA256>`, both parts base64url.
 *
 * @example
 * const token = signToken(secret, { sessionId, architecture, provider: 'anthropic', issuedAt, expiresAt, limits });
 */
export function signToken(secret: Uint8Array, claims: TokenClaims): string {
  const signed = `${PREFIX}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${signed}.${signatureOf(secret, signed).toString('base64url')}`;
}

/** The claims of a token that this secret signed; undefined for anything else. Whether it has expired is not looked at. */
export function readToken(secret: Uint8Array, token: string): TokenClaims | undefined {
  if (token.length > MOST_CHARACTERS) return undefined;
  const [prefix, claims, signature, ...rest] = token.split('.');
  if (prefix !== PREFIX || claims === undefined || signature === undefined || rest.length > 0)
    return undefined;
  const given = Buffer.from(signature, 'base64url');
  const right = signatureOf(secret, `${prefix}.${claims}`);
  // The text is compared too: base64url has several spellings of the same bytes.
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
  if (signature !== right.toString('base64url')) return undefined;
  try {
    const parsed = tokenClaimsSchema.safeParse(JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')));
    return parsed.data;
  } catch {
    return undefined;
  }
}

function signatureOf(secret: Uint8Array, signed: string): Buffer {
  return createHmac('sha256', secret).update(signed).digest();
}
