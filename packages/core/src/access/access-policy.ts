import { AgentServerError } from '@hhopkins/agent-protocol';
import { equalsInConstantTime } from './constant-time.ts';
import { isAddress, isEveryInterface, isLoopback, parseHost } from './host.ts';

/** A key that opens the server. `name` is what sessions and logs call it; the key itself appears nowhere. */
export interface ApiKey {
  name: string;
  key: string;
}

export interface AccessOptions {
  /** One key (named `default`), or several. Absent: everyone who reaches the server may use it. */
  apiKey?: string | readonly ApiKey[] | undefined;
  /** Further hosts that requests may name: `agents.example.com` with any port, or with the port it says. */
  allowedHosts?: readonly string[] | undefined;
  /** Origins of web pages that may use the server, e.g. `https://console.example.com`; `*` only together with a key. */
  corsOrigins?: readonly string[] | undefined;
  /** The address the server listens on. Default `127.0.0.1`. */
  bind?: string | undefined;
}

/** What a request says of where it comes from and where it believes to go, header by header. */
export interface RequestOrigin {
  host: string | undefined;
  origin: string | undefined;
}

/** Who may use the server: the same decision for every transport. */
export interface AccessPolicy {
  readonly requiresKey: boolean;
  /**
   * Throws `forbidden_origin` for a `Host` that is not this server's, which stops DNS rebinding, and for the `Origin` of a
   * web page that is neither the server's own nor allowed. A request without `Origin` does not come from a page's script.
   */
  checkOrigin(request: RequestOrigin): void;
  /** Whether pages of this origin are allowed by `corsOrigins`. */
  allowsOrigin(origin: string): boolean;
  /**
   * @param token what the client presented; ignored when no key is set
   * @returns the principal: `local` without a key, else `key:<name>`
   * @throws AgentServerError `unauthorized`
   */
  authenticate(token: string | undefined): string;
}

/**
 * Makes the policy that both transports are given.
 *
 * @throws AgentServerError `invalid_configuration` when an option cannot be meant
 * @example
 * const access = createAccessPolicy({ apiKey: 'secret', bind: '0.0.0.0', corsOrigins: ['https://console.example.com'] });
 */
export function createAccessPolicy(options: AccessOptions = {}): AccessPolicy {
  const keys = readKeys(options.apiKey);
  const isOwnHost = ownHosts(options, keys.length > 0);
  const origins = readOrigins(options.corsOrigins ?? [], keys.length > 0);

  const allowsOrigin = (origin: string): boolean => {
    const url = parseOrigin(origin);
    return url !== undefined && (origins.has('*') || origins.has(url.origin));
  };

  return {
    requiresKey: keys.length > 0,
    allowsOrigin,
    checkOrigin({ host, origin }) {
      if (host === undefined || !isOwnHost(host)) {
        throw new AgentServerError(
          'forbidden_origin',
          `The request was sent to the host ${quote(host)}, which is not one of this server's. Use its own address, or add the host to the allowed hosts.`,
        );
      }
      if (origin === undefined || isSameOrigin(origin, host) || allowsOrigin(origin)) return;
      throw new AgentServerError(
        'forbidden_origin',
        `Web pages of ${quote(origin)} may not use this server. Add the origin to the allowed origins if they should.`,
      );
    },
    authenticate(token) {
      if (keys.length === 0) return 'local';
      // Every key is compared, so that the time says nothing about which one came close.
      const matches = keys.filter(({ key }) => equalsInConstantTime(token ?? '', key));
      const match = matches[0];
      if (match) return `key:${match.name}`;
      throw new AgentServerError(
        'unauthorized',
        token === undefined
          ? 'This server asks for a key. Send it as `Authorization: Bearer <key>`.'
          : 'The key is not one of this server.',
      );
    },
  };
}

/** The token of an `Authorization: Bearer` header; undefined for another scheme or none. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}

const quote = (value: string | undefined): string => JSON.stringify((value ?? '').slice(0, 200));

function invalid(message: string): AgentServerError {
  return new AgentServerError('invalid_configuration', message);
}

function readKeys(apiKey: AccessOptions['apiKey']): readonly ApiKey[] {
  if (apiKey === undefined) return [];
  const keys = typeof apiKey === 'string' ? [{ name: 'default', key: apiKey }] : [...apiKey];
  if (keys.length === 0) throw invalid('The list of API keys is empty; leave it out to ask for no key.');
  for (const { name, key } of keys) {
    if (key.length === 0 || /\s/.test(key)) {
      throw invalid(`The API key ${quote(name)} is empty or contains white space.`);
    }
  }
  return keys;
}

function ownHosts(options: AccessOptions, hasKey: boolean): (host: string) => boolean {
  const bind = (options.bind ?? '127.0.0.1').toLowerCase();
  const everywhere = isEveryInterface(bind);
  const allowed = (options.allowedHosts ?? []).map((entry) => {
    const host = parseHost(entry);
    if (!host) throw invalid(`The allowed host ${quote(entry)} is neither a host name nor name:port.`);
    return host;
  });
  return (header) => {
    const host = parseHost(header);
    if (!host) return false;
    if (isLoopback(host.name) || host.name === bind) return true;
    if (allowed.some(({ name, port }) => name === host.name && (port === undefined || port === host.port))) {
      return true;
    }
    // Listening everywhere, the server cannot know its names. A page that rebinds one lacks the key; an address cannot be rebound.
    return everywhere && (hasKey || isAddress(host.name));
  };
}

function readOrigins(entries: readonly string[], hasKey: boolean): ReadonlySet<string> {
  return new Set(
    entries.map((entry) => {
      if (entry === '*') {
        if (hasKey) return entry;
        throw invalid('Every origin ("*") may only be allowed when an API key is set.');
      }
      const url = parseOrigin(entry);
      if (url) return url.origin;
      throw invalid(
        `The allowed origin ${quote(entry)} is not an origin, such as https://console.example.com.`,
      );
    }),
  );
}

/** Undefined for what is no origin of a web page, `null` (a sandboxed page, a local file) included. */
function parseOrigin(origin: string): URL | undefined {
  if (!/^https?:\/\/[^/?#@\s]+\/?$/i.test(origin)) return undefined;
  return URL.canParse(origin) ? new URL(origin) : undefined;
}

function isSameOrigin(origin: string, host: string): boolean {
  const url = parseOrigin(origin);
  const own = parseHost(host);
  const page = url && parseHost(url.host);
  if (!own || !page) return false;
  const defaultPort = url.protocol === 'https:' ? '443' : '80';
  return own.name === page.name && (own.port ?? defaultPort) === (page.port ?? defaultPort);
}
