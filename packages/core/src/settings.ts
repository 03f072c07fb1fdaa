import { GROUP_COMMIT, type GroupCommitSettings } from './stream/group-committer.ts';

/** What may be tuned. Times in milliseconds. */
export interface EngineSettings {
  /** A session without a turn, an ask, a transfer or a background task for so long is saved and its sandbox given back. */
  idleTimeoutMs: number;
  /** Background tasks keep a session that nobody uses for so long and no longer: a forgotten one must not hold a sandbox for ever. */
  backgroundTimeoutMs: number;
  /** How often transcript and files are saved during a turn. */
  syncIntervalMs: number;
  /** A turn without any event but of files for so long is ended as `turn_timeout`. */
  turnTimeoutMs: number;
  /** An ask that nobody answers for so long is resolved as `timeout`. */
  requestTimeoutMs: number;
  /** A sandbox that is not ready by then is given up. */
  sandboxTimeoutMs: number;
  /** How long connecting to a runner is tried again before its sandbox counts as lost. */
  reconnectTimeoutMs: number;
  /** A lease not renewed for so long is free for others. */
  leaseTtlMs: number;
  /** A sandbox of this deployment that no record claims is ended once it is this old. */
  orphanGraceMs: number;
  /** How often orphans are looked for. */
  reapIntervalMs: number;
  /** Sandboxes of this server at a time, a count. */
  maximumSandboxes: number;
  /** A snapshot is stored every so many events. */
  snapshotEvery: number;
  /** So many of the last events are never compacted, nor anything younger than `keepEventsMs`. */
  keepEvents: number;
  keepEventsMs: number;
  groupCommit: GroupCommitSettings;
}

export const DEFAULT_SETTINGS: EngineSettings = {
  idleTimeoutMs: 900_000,
  backgroundTimeoutMs: 14_400_000,
  syncIntervalMs: 30_000,
  turnTimeoutMs: 1_800_000,
  requestTimeoutMs: 3_600_000,
  sandboxTimeoutMs: 180_000,
  reconnectTimeoutMs: 60_000,
  leaseTtlMs: 15_000,
  orphanGraceMs: 600_000,
  reapIntervalMs: 300_000,
  maximumSandboxes: 50,
  snapshotEvery: 1000,
  keepEvents: 10_000,
  keepEventsMs: 86_400_000,
  groupCommit: GROUP_COMMIT,
};
