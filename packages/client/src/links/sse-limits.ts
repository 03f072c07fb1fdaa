/** How server-sent events are used in the place of a WebSocket. Milliseconds and counts. */
export const SSE_LIMITS = {
  /** Browsers open six connections to a server over HTTP/1.1, for everything: sessions beyond this are polled. */
  streams: 3,
  /** Something between that holds a stream back shows within this; then sessions are polled. */
  firstEventMs: 5_000,
  /** The server comments every 15 seconds when it has nothing to say: a stream that is silent for longer is dead. */
  silentMs: 19_000,
  reopenMs: 1_000,
  pollMs: 2_000,
  pollListMs: 3_000,
  /** Sessions and events in one answer. */
  listPage: 200,
  eventPage: 500,
} as const;
