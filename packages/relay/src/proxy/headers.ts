import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** Headers of one connection, which a proxy may not pass on (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What a sandbox has no business to tell a model's API. */
const KEPT_FROM_UPSTREAM = new Set([
  'host',
  'expect',
  'cookie',
  'accept-encoding',
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
]);

/** What a sandbox has no business to hear from it. */
const KEPT_FROM_SANDBOX = new Set(['set-cookie', 'set-cookie2', 'alt-svc', 'strict-transport-security']);

/** @param withheld further names, in lower case */
export function headersForUpstream(
  headers: IncomingHttpHeaders,
  withheld: readonly string[],
): OutgoingHttpHeaders {
  const kept = passed(headers, (name) => KEPT_FROM_UPSTREAM.has(name) || withheld.includes(name));
  // Plain bytes, so that answers can be searched for the key and for the tokens used.
  return { ...kept, 'accept-encoding': 'identity' };
}

/** @param key never leaves the relay, not even when the upstream repeats it */
export function headersForSandbox(headers: IncomingHttpHeaders, key: string): OutgoingHttpHeaders {
  const kept = passed(headers, (name) => KEPT_FROM_SANDBOX.has(name));
  return Object.fromEntries(
    Object.entries(kept).filter(
      ([name, value]) => !`${name}: ${String(value)}`.toLowerCase().includes(key.toLowerCase()),
    ),
  );
}

function passed(headers: IncomingHttpHeaders, withhold: (name: string) => boolean): OutgoingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name) && !named.has(name) && !withhold(name)),
  );
}
