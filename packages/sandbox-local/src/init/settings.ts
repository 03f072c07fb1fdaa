/** In the folder of the socket. */
export const SOCKET_FILE = 'exec.sock';
/** Beside the socket: how the sandbox ended, when it ended itself. */
export const EXIT_FILE = 'exit.json';

/** What the init is told on its stdin, as JSON. Paths are as it sees them. */
export interface InitSettings {
  sandboxId: string;
  socketFolder: string;
  /** Where programs run when an exec does not say. */
  cwd: string;
  /** The whole environment of every program, before what an exec adds. */
  environment: Record<string, string>;
  orphanTtlMs: number;
  /** The host's process namespace, as `/proc/self/ns/pid` names it; empty when the sandbox has none of its own. */
  hostNamespace: string;
}
