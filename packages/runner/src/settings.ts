import { LIMITS } from '@hhopkins/agent-protocol';

/** What can be set of a runner. Sizes are bytes, times milliseconds. */
export interface RunnerSettings {
  /**
   * Bound of all journals on disk together; a sixteenth of it is kept back for the ends of turns. As much again is held on the
   * disk, for when the disk itself is full.
   */
  readonly journalBytes: number;
  /** Deltas of one block are joined over this time. */
  readonly coalesceMs: number;
  /** Without any connection for this long the runner ends itself and its agent; 0 never. */
  readonly orphanTtlMs: number;
  /** An agent that does not end within this time of an interrupt is ended. */
  readonly interruptMs: number;
  /** Names of files and folders that are not watched, listed or saved, wherever they stand in the workspace. */
  readonly ignored: readonly string[];
  /** Files beyond this count, in the order of their paths, are left out with one warning. */
  readonly workspaceFiles: number;
  /** Larger files are left out with one warning, so that a scan stays cheap. */
  readonly workspaceFileBytes: number;
}

/** Rebuilt by tools, or the history of a repository: large, and of no use in the store. */
export const DEFAULT_IGNORED: readonly string[] = [
  '.git',
  'node_modules',
  '.pnpm-store',
  '.venv',
  'venv',
  '__pycache__',
  '.mypy_cache',
  '.pytest_cache',
  '.tox',
  '.gradle',
  '.turbo',
  '.next',
  '.cache',
  '.DS_Store',
];

export const DEFAULT_SETTINGS: RunnerSettings = {
  journalBytes: 64 * 1024 * 1024,
  coalesceMs: 40,
  orphanTtlMs: 15 * 60_000,
  interruptMs: 10_000,
  ignored: DEFAULT_IGNORED,
  workspaceFiles: LIMITS.workspaceFiles,
  workspaceFileBytes: 64 * 1024 * 1024,
};

/** How long the runner waits for others before it goes on without them, in milliseconds. */
export const DEADLINES = {
  hello: 10_000,
  agentStart: 60_000,
  transcript: 30_000,
  agentStop: 5_000,
  scan: 30_000,
  upload: 60_000,
  shutdown: 20_000,
} as const;
