import { join } from 'node:path';

/** The files of one sandbox on the host. What processes inside can write is hostile: never follow links in it. */
export interface SandboxFolders {
  root: string;
  record: string;
  /** Written by bubblewrap: the first process of the sandbox's process namespace. */
  bubblewrapInfo: string;
  /** Files that become a few of `/etc`. */
  etc: string;
  /** Writable from inside, all of them. */
  workspace: string;
  home: string;
  state: string;
  temporary: string;
  /** Of the exec socket. */
  socket: string;
}

export function foldersOf(root: string): SandboxFolders {
  return {
    root,
    record: join(root, 'sandbox.json'),
    bubblewrapInfo: join(root, 'bubblewrap.json'),
    etc: join(root, 'etc'),
    workspace: join(root, 'workspace'),
    home: join(root, 'home'),
    state: join(root, 'state'),
    temporary: join(root, 'tmp'),
    socket: join(root, 'run'),
  };
}
