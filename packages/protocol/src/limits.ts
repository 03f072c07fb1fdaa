/** Bounds that hold on both sides of a connection. Bytes unless said otherwise. */
export const LIMITS = {
  /** A JSON request body, and a WebSocket frame of a client. */
  requestBody: 8 * 1024 * 1024,
  /** A file put through the file routes or kept in the store. */
  file: 10 * 1024 * 1024,
  /** A payload of a runner's event as JSON; longer strings in it are cut with a note. */
  eventPayload: 256 * 1024,
  /** A line between engine and runner. */
  runnerFrame: 16 * 1024 * 1024,
  /** A chunk of bytes in a `stream` frame, before base64. */
  streamChunk: 48 * 1024,
  /** What a reader may have outstanding before it is told to resume from its cursor. */
  readerBuffer: 1024 * 1024,
  /** Messages that may wait in one session, a count. */
  queuedTurns: 100,
  /** Events in one answer of the events route, a count. */
  eventPage: 1000,
  /** Files kept of one workspace, a count. */
  workspaceFiles: 5000,
  /** Sessions a socket may follow, a count. */
  subscriptions: 200,
} as const;
