import { AgentServerError } from '@hhopkins/agent-protocol';

type Driver = typeof import('node:sqlite');

/**
 * The SQLite driver that is built into Node. Looked up when it is needed, so that importing this package on an older Node
 * gives a clear error instead of a failed module load.
 *
 * @throws `package_not_installed` on a Node without it
 */
export function loadDriver(): Driver {
  const driver = process.getBuiltinModule?.('node:sqlite');
  if (driver) return driver;
  throw new AgentServerError(
    'package_not_installed',
    `The SQLite store needs the driver of Node 22.13 or newer, and this is Node ${process.versions.node}. ` +
      'Update Node, or choose another store.',
  );
}
