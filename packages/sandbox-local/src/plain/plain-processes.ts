import { realpathSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SandboxProvider } from '@hhopkins/agent-core';
import { initProgram } from '../host/init-program.ts';
import { launchLine } from '../host/launcher.ts';
import type { Kind } from '../kind.ts';
import { type LocalSandboxOptions, settingsOf } from '../options.ts';
import { localProvider } from '../provider.ts';

/**
 * Sandboxes that are a folder and nothing more: their processes run as the server's own user, and see all that it sees.
 * For development on a machine where bubblewrap cannot be had.
 *
 * `network: 'none'` is accepted and not enforced, and mounts are not read-only; the capabilities say so.
 *
 * @example
 * const provider = plainProcesses({ directory: './data/sandboxes' });
 */
export function plainProcesses(options: LocalSandboxOptions): SandboxProvider {
  const settings = settingsOf(options);
  return localProvider(plainKind(settings.node), settings);
}

function plainKind(node: string): Kind {
  return {
    name: 'plain',
    isolation: 'none',
    networkNone: false,
    limitsProcesses: false,
    problems: async () => [],
    layout: (folders, spec) => ({
      workspace: folders.workspace,
      home: folders.home,
      state: folders.state,
      node,
      mounts: Object.fromEntries((spec.mounts ?? []).map(({ name, source }) => [name, source])),
    }),
    environment: (folders, layout) => ({
      PATH: `${dirname(realpathSync(node))}:/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin`,
      HOME: layout.home,
      TMPDIR: folders.temporary,
      LANG: 'C.UTF-8',
    }),
    async prepare(folders) {
      for (const path of [
        folders.workspace,
        folders.home,
        folders.state,
        folders.temporary,
        folders.socket,
      ]) {
        await mkdir(path, { mode: 0o700 });
      }
    },
    async command({ folders, layout, controlGroups }) {
      return {
        argv: launchLine([node, initProgram().file], { controlGroups }),
        environment: {},
        files: [],
        init: { socketFolder: folders.socket, cwd: layout.workspace, hostNamespace: '' },
      };
    },
    rootProcess: () => null,
  };
}
