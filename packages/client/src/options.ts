import type { Hints } from './connection/hints.ts';
import type { ConnectionPolicy } from './connection/policy.ts';
import type { WebSocketConstructor } from './links/socket-link.ts';
import type { Fetch } from './rest/http.ts';
import type { Clock } from './support/clock.ts';

export interface AgentClientOptions {
  /** Where the server is, e.g. `https://agents.example.com`; a path is kept as the prefix of all routes. */
  url: string;
  /** The server's key. Not for pages that others open: give them `getToken`. */
  apiKey?: string | undefined;
  /** Called for a key when one is needed, and again when the server does not take it any more. */
  getToken?: (() => string | Promise<string>) | undefined;
  /** Default: the runtime's own. */
  fetch?: Fetch | undefined;
  /** Default: the runtime's own. Without one (Node 20), or with `false`, server-sent events are used. */
  WebSocket?: WebSocketConstructor | false | undefined;
  /** How long a request may take, milliseconds. Default 60,000. */
  requestDeadlineMs?: number | undefined;
  /** How long a command is sent again and again before it is given up, milliseconds. Default 120,000. */
  commandDeadlineMs?: number | undefined;
  connection?: Partial<Omit<ConnectionPolicy, 'webSockets' | 'canRenew'>> | undefined;
  /** Moments at which a lost connection is tried at once. Default: network and visibility events of the browser. */
  hints?: Hints | undefined;
  /** Takes what listeners throw, and what the server sends against the protocol. Default: `console.error`. */
  onError?: ((error: unknown) => void) | undefined;
  /** For tests. */
  clock?: Clock | undefined;
  /** In [0, 1). For tests. */
  random?: (() => number) | undefined;
}
