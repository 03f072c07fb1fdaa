import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { providerSchema } from './token.ts';

const milliseconds = z.number().int().positive();

/** How long the relay waits for a model, in milliseconds. */
export const deadlinesSchema = z.object({
  /** Until the connection stands, TLS included. */
  connectMs: milliseconds.default(10_000),
  /** From then until the answer begins. An answer in one piece may take minutes. */
  headersMs: milliseconds.default(600_000),
  /** Between two pieces of an answer that has begun. */
  idleMs: milliseconds.default(300_000),
});
export type Deadlines = z.infer<typeof deadlinesSchema>;

/** Where a provider's API is, and the key that only the relay holds. */
export const upstreamSchema = z.object({
  baseUrl: z.url({ protocol: /^https?$/, abort: true }).refine((url) => {
    const { username, password, search, hash } = new URL(url);
    return `${username}${password}${search}${hash}` === '';
  }, 'must have no credentials, query or fragment'),
  /** As in a header: no control characters, no spaces. Long enough to be told from chance when answers are searched for it. */
  apiKey: z
    .string()
    .regex(/^[\x21-\x7e]{8,4096}$/, 'must be 8 to 4096 printable ASCII characters without spaces'),
});
export type Upstream = z.infer<typeof upstreamSchema>;

export const revocationSchema = z.object({
  sessionId: z.string(),
  /** Tokens issued up to then are void; milliseconds since 1970. */
  upTo: z.number().int(),
});
export type Revocation = z.infer<typeof revocationSchema>;

/** Everything that a relay is told after its start; it keeps it in memory alone. */
export const relayConfigurationSchema = z.object({
  /** 32 random bytes, base64: what tokens are signed with. */
  secret: z.base64().refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes'),
  upstreams: z.partialRecord(providerSchema, upstreamSchema),
  deadlines: deadlinesSchema.prefault({}),
  /** Sessions whose tokens were voided before this relay started. */
  revoked: z.array(revocationSchema).max(10_000).default([]),
});
export type RelayConfiguration = z.infer<typeof relayConfigurationSchema>;

/** What is given to `configure`: defaults may be left out. */
export type RelaySettings = z.input<typeof relayConfigurationSchema>;

/** Tells two configurations apart without showing either. Revocations do not count. */
export function fingerprintOf(settings: RelaySettings): string {
  const { secret, upstreams, deadlines } = relayConfigurationSchema.parse(settings);
  const facts = Object.entries(upstreams)
    .sort(([left], [right]) => left.localeCompare(right))
    .map(([provider, { baseUrl, apiKey }]) => [provider, baseUrl, apiKey]);
  return createHmac('sha256', Buffer.from(secret, 'base64'))
    .update(JSON.stringify([facts, deadlines]))
    .digest('base64url');
}
