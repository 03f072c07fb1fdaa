import type { BackOff } from '../support/back-off.ts';

/** How a connection is kept. Milliseconds and counts. */
export interface ConnectionPolicy {
  /** How long a connection may take from the key to the server's first frame. */
  openMs: number;
  /** After so long without a frame the server is asked for a sign of life… */
  quietMs: number;
  /** …which it may take so long to give. Both together bound how long a dead connection passes for a living one. */
  pongMs: number;
  /** A connection that held for so long counts as good: failures before it are forgotten. */
  stableMs: number;
  retry: BackOff;
  /** The first retry after a server said that it restarts comes within this. */
  restartMs: number;
  /** How long a connection is kept that nothing needs any more. */
  lingerMs: number;
  /** WebSockets that failed in a row before server-sent events are tried, a count. */
  blockedAfter: number;
  /** How soon, and how seldom at last, a WebSocket is tried again while server-sent events serve. */
  upgrade: BackOff;
  /** Whether there are WebSockets at all. */
  webSockets: boolean;
  /** Whether a refused key can be replaced. */
  canRenew: boolean;
}

export const DEFAULT_POLICY: Omit<ConnectionPolicy, 'webSockets' | 'canRenew'> = {
  openMs: 10_000,
  quietMs: 10_000,
  pongMs: 5_000,
  stableMs: 5_000,
  retry: { first: 250, maximum: 15_000 },
  restartMs: 250,
  lingerMs: 5_000,
  blockedAfter: 3,
  upgrade: { first: 2_000, maximum: 300_000 },
};
