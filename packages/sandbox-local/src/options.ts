import { resolve } from 'node:path';
import { AgentServerError } from '@hhopkins/agent-protocol';
import type { Limits } from './limits/control-groups.ts';

/** Settings of both providers. */
export interface LocalSandboxOptions {
  /** Where sandboxes live, a folder each. Made when the first one is. */
  directory: string;
  /** The Node.js program that sandboxes get; the one that runs this when absent. */
  node?: string | undefined;
  /** Limits of sandboxes whose spec says nothing. */
  limits?: Limits | undefined;
  /** A sandbox that nobody has been connected to for this long ends itself. Milliseconds; 15 minutes when absent. */
  orphanTtlMs?: number | undefined;
  /** How long a sandbox may take to start, and to start a program. Milliseconds; 20 seconds when absent. */
  startTimeoutMs?: number | undefined;
  /** How long `terminate` waits between asking processes to end and killing them. Milliseconds; 1 second when absent. */
  terminateGraceMs?: number | undefined;
  /** The largest archive that `getTar` gives. Bytes; 1 GiB when absent. */
  maximumArchiveBytes?: number | undefined;
}

export type Settings = { [Key in keyof LocalSandboxOptions]-?: NonNullable<LocalSandboxOptions[Key]> };

export function settingsOf(options: LocalSandboxOptions): Settings {
  if (!options.directory) {
    throw new AgentServerError(
      'invalid_configuration',
      'directory: say where sandboxes live on this machine.',
    );
  }
  return {
    directory: resolve(options.directory),
    node: options.node ?? process.execPath,
    limits: options.limits ?? {},
    orphanTtlMs: options.orphanTtlMs ?? 15 * 60_000,
    startTimeoutMs: options.startTimeoutMs ?? 20_000,
    terminateGraceMs: options.terminateGraceMs ?? 1_000,
    maximumArchiveBytes: options.maximumArchiveBytes ?? 1024 ** 3,
  };
}
