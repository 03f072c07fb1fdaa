import { LIMITS } from '@hhopkins/agent-protocol';

/** Bounds of the HTTP transport. Bytes, milliseconds and counts, as the name says. */
export interface HttpLimits {
  /** Longest JSON body, bytes. */
  bodyBytes: number;
  /** Largest file put through the file routes, bytes. */
  fileBytes: number;
  /** How long the engine may take for one request before it is answered with `timeout`. */
  requestMs: number;
  /** How long `/health` waits for the list of agents before it answers without. */
  healthMs: number;
  /** Event streams open at the same time; more are refused with `capacity`. */
  eventStreams: number;
  /** A comment is sent on an event stream this often, so that proxies keep it and dead peers are noticed. */
  heartbeatMs: number;
  /** An event stream whose reader takes nothing for so long is ended; it resumes with `Last-Event-ID`. */
  stallMs: number;
}

export const DEFAULT_HTTP_LIMITS: Readonly<HttpLimits> = {
  bodyBytes: LIMITS.requestBody,
  fileBytes: LIMITS.file,
  requestMs: 300_000,
  healthMs: 2_000,
  eventStreams: 1_000,
  heartbeatMs: 15_000,
  stallMs: 60_000,
};
