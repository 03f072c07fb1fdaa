/** Where things are in every sandbox of bubblewrap. */
export const INSIDE = {
  workspace: '/workspace',
  home: '/home/agent',
  state: '/var/lib/agent',
  temporary: '/tmp',
  socket: '/run/sandbox',
  node: '/opt/node/bin/node',
  init: '/opt/sandbox-init',
} as const;

/** The user inside. */
export const USER_INSIDE = { uid: 1000, gid: 1000 } as const;

/** bubblewrap of this version has all that the line needs. */
export const OLDEST_VERSION = [0, 8] as const;

/** Where the tools of the host are looked for, whatever environment the server has. */
export const TOOL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
