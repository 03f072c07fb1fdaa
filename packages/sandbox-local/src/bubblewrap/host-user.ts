import { existsSync } from 'node:fs';
import type { StagedPath, Staging } from '../host/launcher.ts';
import type { Binding } from './arguments.ts';

/** The user of the host as whom sandboxes run. */
export interface HostUser {
  uid: number;
  gid: number;
}

/** Stands for nobody: no entry in the passwd file is needed. */
export const UNPRIVILEGED: HostUser = { uid: 10001, gid: 10001 };

/** Folders that every system has and that anyone may enter. */
const STAGES = ['/media', '/srv', '/mnt', '/opt', '/tmp'];

/** Null unless this process is root, which must not run sandboxes as itself. */
export function dropTo(user: HostUser): HostUser | null {
  return process.getuid?.() === 0 ? user : null;
}

/** Prefix of a command line that gives up root for good. */
export function dropLine(user: HostUser): string[] {
  return ['setpriv', '--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups'];
}

/**
 * The same bindings by paths that an unprivileged user reaches: what lies below a folder of root's own, say its home, is
 * put where anyone may look, in a mount namespace that only this sandbox's launch sees.
 */
export function stage(bindings: readonly Binding[]): { bindings: Binding[]; staging: Staging } {
  const folder = STAGES.find(
    (each) => existsSync(each) && bindings.every(({ source }) => !`${source}/`.startsWith(`${each}/`)),
  );
  if (!folder) {
    throw new Error(
      `The paths ${bindings.map(({ source }) => source).join(', ')} leave no folder to stage them in`,
    );
  }
  const paths: StagedPath[] = [];
  const staged = bindings.map((binding, index): Binding => {
    const target = `${folder}/${index}`;
    paths.push({ source: binding.source, target });
    return { ...binding, source: target };
  });
  return { bindings: staged, staging: { folder, paths } };
}
