import type { SandboxStatus, SessionStatus } from './session.ts';

/** What each status of a session may become next. `PROTOCOL.md` says when, and what bounds each wait. */
export const SESSION_EXITS: Readonly<Record<SessionStatus, readonly SessionStatus[]>> = {
  idle: ['queued', 'running', 'terminated'],
  queued: ['running', 'idle', 'terminated'],
  running: ['waiting', 'queued', 'idle', 'terminated'],
  waiting: ['running', 'queued', 'idle', 'terminated'],
  terminated: [],
};

/** The same of its sandbox. */
export const SANDBOX_EXITS: Readonly<Record<SandboxStatus, readonly SandboxStatus[]>> = {
  // All but the first: where a store keeps no events, a new server finds the sandbox that a session had.
  none: ['creating', 'ready', 'releasing', 'lost'],
  creating: ['ready', 'releasing', 'lost', 'none'],
  ready: ['releasing', 'lost'],
  releasing: ['none', 'lost'],
  lost: ['creating', 'none'],
};
