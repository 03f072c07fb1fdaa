import type { SandboxMount } from '@hhopkins/agent-core';
import { INSIDE, USER_INSIDE } from './layout.ts';
import { OWN_CONFIGURATION_FILES, systemArguments } from './system-paths.ts';

const SHARED_MEMORY_BYTES = 256 * 1024 * 1024;

/** A host path and where the sandbox sees it. */
export interface Binding {
  source: string;
  target: string;
  writable: boolean;
}

/** What a sandbox is made of, for its command line. */
export interface SandboxPlan {
  bindings: readonly Binding[];
  network: 'none' | 'open';
  /** Descriptors that bubblewrap finds open. */
  descriptors: { seccomp: number; info: number };
}

/** Everything of the host's that goes into a sandbox beside the system itself. Later ones lie over earlier ones. */
export function bindingsOf(parts: {
  folders: { workspace: string; home: string; state: string; temporary: string; socket: string; etc: string };
  node: string;
  libraries: readonly string[];
  init: string;
  mounts: readonly SandboxMount[];
}): Binding[] {
  const { folders, node, libraries, init, mounts } = parts;
  const readOnly = (source: string, target: string): Binding => ({ source, target, writable: false });
  const writable = (source: string, target: string): Binding => ({ source, target, writable: true });
  return [
    ...OWN_CONFIGURATION_FILES.map((name) => readOnly(`${folders.etc}/${name}`, `/etc/${name}`)),
    ...libraries.map((path) => readOnly(path, path)),
    readOnly(node, INSIDE.node),
    readOnly(init, INSIDE.init),
    writable(folders.temporary, INSIDE.temporary),
    writable(folders.workspace, INSIDE.workspace),
    writable(folders.home, INSIDE.home),
    writable(folders.state, INSIDE.state),
    writable(folders.socket, INSIDE.socket),
    ...mounts.map(({ source, target }) => readOnly(source, target)),
  ];
}

/**
 * The command line that isolates. A user namespace even for root, no capability, no further user namespaces, namespaces of
 * its own for everything, an empty environment, a session without the terminal. `--die-with-parent` is absent: a sandbox
 * outlives the server.
 */
export function bubblewrapLine(
  bubblewrap: string,
  plan: SandboxPlan,
  program: readonly string[],
): readonly [string, ...string[]] {
  return [
    bubblewrap,
    '--new-session',
    '--unshare-all',
    '--unshare-user',
    '--disable-userns',
    ...(plan.network === 'open' ? ['--share-net'] : []),
    ...['--uid', String(USER_INSIDE.uid), '--gid', String(USER_INSIDE.gid)],
    ...['--cap-drop', 'ALL'],
    ...['--hostname', 'sandbox'],
    '--clearenv',
    ...['--setenv', 'PATH', '/usr/local/bin:/usr/bin:/bin'],
    ...systemArguments(plan.network),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...['--size', String(SHARED_MEMORY_BYTES), '--perms', '1777', '--tmpfs', '/dev/shm'],
    ...['--symlink', '/tmp', '/var/tmp'],
    ...plan.bindings.flatMap(({ source, target, writable }) => [
      writable ? '--bind' : '--ro-bind',
      source,
      target,
    ]),
    // The root and /dev are file systems of the sandbox in memory: nothing is to be put there.
    ...['--remount-ro', '/dev', '--remount-ro', '/'],
    ...['--chdir', INSIDE.workspace],
    ...['--seccomp', String(plan.descriptors.seccomp), '--info-fd', String(plan.descriptors.info)],
    '--',
    ...program,
  ];
}
