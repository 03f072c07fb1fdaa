import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A Node that consumers may have. */
export interface NodeRuntime {
  name: string;
  file: string;
}

/** The Node of this test run. */
export const ownNode: NodeRuntime = { name: `Node ${process.versions.node}`, file: process.execPath };

/**
 * The oldest line of Node that packages are published for, where this machine has one. The project brings its own Node,
 * so it is the one that users of the machine get.
 */
export const oldNode = findOldNode();

/** Why nothing runs on it. */
export const noOldNode = 'SKIPPED: this machine has no Node 20.19 or newer of the 20 line on its PATH';

function findOldNode(): NodeRuntime | undefined {
  const files = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/bin', '/usr/bin']
    .map((folder) => join(folder, 'node'))
    .filter((file) => existsSync(file))
    .map((file) => realpathSync(file));
  for (const file of new Set(files)) {
    const version = versionOf(file);
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major === 20 && minor >= 19) return { name: `Node ${version}`, file };
  }
  return undefined;
}

function versionOf(file: string): string {
  try {
    return execFileSync(file, ['--print', 'process.versions.node'], {
      encoding: 'utf8',
      timeout: 10_000,
    }).trim();
  } catch {
    return '';
  }
}
