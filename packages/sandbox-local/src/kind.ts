import type { Isolation, SandboxLayout, SandboxSpec } from '@hhopkins/agent-core';
import type { SandboxFolders } from './host/folders.ts';
import type { ProcessIdentity } from './host/process-identity.ts';
import type { InitSettings } from './init/settings.ts';
import type { Limits } from './limits/control-groups.ts';

/** What is needed to start the main process of one sandbox. */
export interface Launch {
  folders: SandboxFolders;
  layout: SandboxLayout;
  spec: Pick<SandboxSpec, 'mounts' | 'network'>;
  limits: Limits;
  controlGroups: readonly string[];
}

/** A command line, with files that it finds open as descriptors 3, 4, … */
export interface Command {
  argv: readonly [string, ...string[]];
  environment: Readonly<Record<string, string>>;
  files: readonly { path: string; flags: 'r' | 'w' }[];
  init: Pick<InitSettings, 'socketFolder' | 'cwd' | 'hostNamespace'>;
}

/** How the main process of a sandbox is started; all else is common to the providers of this package. */
export interface Kind {
  readonly name: string;
  readonly isolation: Isolation;
  readonly networkNone: boolean;
  /** Whether it limits processes by itself where control groups cannot. */
  readonly limitsProcesses: boolean;
  /** Looks at the host, and really tries: what stands in the way and what to do about it. Never rejects. */
  problems(): Promise<string[]>;
  layout(folders: SandboxFolders, spec: Pick<SandboxSpec, 'mounts'>): SandboxLayout;
  /** What every program finds in its environment. */
  environment(folders: SandboxFolders, layout: SandboxLayout): Record<string, string>;
  /** Makes the folders ready before the start. */
  prepare(folders: SandboxFolders): Promise<void>;
  command(launch: Launch): Promise<Command>;
  /** The process that ends all others of the sandbox with it, once it has started; null when there is none. */
  rootProcess(folders: SandboxFolders): ProcessIdentity | null;
}
