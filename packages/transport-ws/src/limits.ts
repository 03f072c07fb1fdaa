import { LIMITS } from '@hhopkins/agent-protocol';

/** Bounds of the WebSocket transport. Bytes, milliseconds and counts, as the name says. */
export interface WebSocketLimits {
  /** Longest frame of a client that is read, bytes; a longer one is answered with `payload_too_large`. */
  frameBytes: number;
  /** A frame this long ends the connection before it is in memory. */
  hardFrameBytes: number;
  /** Sockets open at the same time. */
  connections: number;
  /** Of these, sockets that have not said their key yet: strangers leave room for those who have one. */
  strangers: number;
  /** Sessions that a socket may follow. */
  subscriptions: number;
  /** Commands of a socket that wait for the engine. */
  commands: number;
  /** How long the engine may take for one command. */
  commandMs: number;
  /** Frames a second that a socket may send for long; for a moment ten times as many. */
  framesPerSecond: number;
  /** Bytes that a reader may have outstanding: sent and neither taken by its connection nor, if it acknowledges, acknowledged. */
  readerBytes: number;
  /** A reader that stays over `readerBytes` for so long is told that it lags. */
  lagMs: number;
  /** A socket that stays over `readerBytes` for so long is closed with 4408. */
  stallMs: number;
  /** How long a new socket may take to say its key. */
  authMs: number;
  /** Peers are pinged this often; one that gave no sign since the last ping is dead. */
  heartbeatMs: number;
  /** After a few events, wait so long for more before the next message: ten events in one cost what one does. */
  batchMs: number;
  /** How long peers have to answer the closing handshake. */
  closeMs: number;
}

export const DEFAULT_WEB_SOCKET_LIMITS: Readonly<WebSocketLimits> = {
  frameBytes: LIMITS.requestBody,
  hardFrameBytes: 2 * LIMITS.requestBody,
  connections: 5_000,
  strangers: 500,
  subscriptions: LIMITS.subscriptions,
  commands: 100,
  commandMs: 120_000,
  framesPerSecond: 200,
  readerBytes: LIMITS.readerBuffer,
  lagMs: 2_000,
  stallMs: 30_000,
  authMs: 10_000,
  heartbeatMs: 20_000,
  batchMs: 10,
  closeMs: 2_000,
};
