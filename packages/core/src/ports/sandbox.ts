/** How much stands between the agent and the host. */
export type Isolation = 'none' | 'namespaces' | 'container' | 'microvm';

/** What a provider can do, as `check()` found it. */
export interface SandboxCapabilities {
  isolation: Isolation;
  /** Sandboxes go on when the server that created them dies. */
  survivesServer: boolean;
  /** Host folders can be mounted. */
  mounts: boolean;
  /** `network: 'none'` is enforced. */
  networkNone: boolean;
  /** Limits that are enforced. */
  limits: { memory: boolean; processes: boolean; cpu: boolean };
}

export interface SandboxCheck {
  ok: boolean;
  capabilities: SandboxCapabilities;
  /** What is wrong and what to do, one line each; empty when `ok`. */
  problems: string[];
}

/** A host folder that the sandbox sees read-only, under a name by which `layout.mounts` tells where. */
export interface SandboxMount {
  name: string;
  /** Absolute path on the host. */
  source: string;
  /** Absolute path inside, where the provider can choose. */
  target: string;
}

export interface SandboxSpec {
  /** Always `deployment`, `session` and `nonce`. */
  labels: Readonly<Record<string, string>>;
  environment?: Readonly<Record<string, string>> | undefined;
  mounts?: readonly SandboxMount[] | undefined;
  network: 'none' | 'open';
  limits?: { memoryMiB?: number; processes?: number; cpus?: number } | undefined;
  /** Said while it is being made, for people. */
  onProgress?: ((message: string, fraction?: number) => void) | undefined;
}

/** Where things are inside a sandbox; absolute paths as its processes see them. */
export interface SandboxLayout {
  /** The agent's working directory. Survives as files in the store. */
  workspace: string;
  /** Home of the agent: its own settings and transcripts. */
  home: string;
  /** Journal, inbox, sockets and tokens of the runner; never snapshotted. */
  state: string;
  /** The Node.js program. */
  node: string;
  /** By the mount's name. */
  mounts: Readonly<Record<string, string>>;
}

export type SandboxStatus = 'running' | 'paused' | 'exited';

export interface SandboxInfo {
  id: string;
  status: SandboxStatus;
  labels: Readonly<Record<string, string>>;
  /** ISO 8601. */
  createdAt: string;
  exit?: SandboxExit | undefined;
}

/** How a process or a sandbox ended. */
export interface SandboxExit {
  /** Null when a signal ended it. */
  code: number | null;
  signal?: string | undefined;
  reason: 'exit' | 'signal' | 'out_of_memory' | 'terminated' | 'lost';
}

/** A program started inside, by its byte streams. */
export interface SandboxProcess {
  readonly stdin: {
    /** Resolves when the bytes were accepted; rejects with `connection_lost` when nobody reads any more. */
    write(data: Uint8Array): Promise<void>;
    close(): Promise<void>;
  };
  /** Each may be iterated once. Bytes are bounded by what the reader takes. */
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly stderr: AsyncIterable<Uint8Array>;
  /** Never rejects: a lost connection is `reason: 'lost'`. */
  readonly exit: Promise<SandboxExit>;
  /** Lets go of the streams. The program sees the end of its stdin; whether it goes on is its own affair. */
  detach(): void;
}

export interface ExecOptions {
  cwd?: string | undefined;
  /** Added to the sandbox's own environment. */
  environment?: Readonly<Record<string, string>> | undefined;
}

/** A place where an agent runs, isolated as far as its provider can. */
export interface Sandbox {
  readonly id: string;
  readonly provider: string;
  readonly layout: SandboxLayout;
  /** Rejects with `sandbox_not_found` when it is gone. */
  info(): Promise<SandboxInfo>;
  /** argv, never a shell string. Rejects with `sandbox_lost` when the sandbox no longer runs. */
  exec(argv: readonly [string, ...string[]], options?: ExecOptions): Promise<SandboxProcess>;
  /** Unpacks a tar archive below `path`, which is created. Owner is the sandbox's user. */
  putTar(path: string, tar: Uint8Array): Promise<void>;
  /** The folder's content as a tar archive with relative names. */
  getTar(path: string): Promise<Uint8Array>;
  /** Ends everything in it and removes it. Resolves when that is done; again without effect. */
  terminate(): Promise<void>;
  pause?(): Promise<void>;
  resume?(): Promise<void>;
  /** Makes it live at least this much longer, in milliseconds. */
  extend?(milliseconds: number): Promise<void>;
}

/**
 * Makes sandboxes. A capability that a spec needs and the provider lacks fails `create` with `capability_missing`;
 * anything else that prevents one is `sandbox_unavailable`, with what to do in the message.
 */
export interface SandboxProvider {
  /** Stable, e.g. `bubblewrap`; it stands in records. */
  readonly name: string;
  /** How much stands between its sandboxes and the host. */
  readonly isolation: Isolation;
  /** Looks at the host or calls the service; never throws for what it is there to find out. */
  check(): Promise<SandboxCheck>;
  /**
   * Rejects with `sandbox_unavailable` when it cannot be used at all, e.g. for wrong credentials. A session that needs a sandbox
   * is told so before anything else that it lacks. Providers whose `create` says it as well need none.
   */
  ready?(): Promise<void>;
  create(spec: SandboxSpec): Promise<Sandbox>;
  /** Rejects with `sandbox_not_found` when it is gone. */
  attach(sandboxId: string): Promise<Sandbox>;
  /** Sandboxes that carry all of these labels, whoever made them. */
  list(filter: { labels: Readonly<Record<string, string>> }): Promise<SandboxInfo[]>;
  /** Gives back what the provider itself holds open; its sandboxes go on. */
  close?(): Promise<void>;
}
