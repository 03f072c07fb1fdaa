import { chownSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import type { SandboxProvider } from '@hhopkins/agent-core';
import type { SandboxFolders } from '../host/folders.ts';
import { initProgram } from '../host/init-program.ts';
import { launchLine } from '../host/launcher.ts';
import { identifyProcess } from '../host/process-identity.ts';
import { startMainProcess } from '../host/start-main-process.ts';
import type { Command, Kind, Launch } from '../kind.ts';
import { type LocalSandboxOptions, type Settings, settingsOf } from '../options.ts';
import { localProvider } from '../provider.ts';
import { bindingsOf, bubblewrapLine } from './arguments.ts';
import { dropLine, dropTo, type HostUser, stage, UNPRIVILEGED } from './host-user.ts';
import { bubblewrapProblems } from './inspect.ts';
import { INSIDE, TOOL_PATH } from './layout.ts';
import { type FilteredArchitecture, seccompFilter } from './seccomp.ts';
import { librariesOf, writeOwnConfiguration } from './system-paths.ts';

export interface BubblewrapOptions extends LocalSandboxOptions {
  /** When the server is root: the user of the host that owns sandboxes' files and processes; 10001:10001 when absent. */
  user?: HostUser | undefined;
  /** The bubblewrap program; `bwrap` of the system when absent. */
  program?: string | undefined;
}

/**
 * Sandboxes isolated by Linux namespaces, without a daemon and without root. Needs the program bubblewrap.
 *
 * @example
 * const provider = bubblewrap({ directory: './data/sandboxes' });
 * const { ok, problems } = await provider.check();
 */
export function bubblewrap(options: BubblewrapOptions): SandboxProvider {
  const settings = settingsOf(options);
  const { user = UNPRIVILEGED, program = 'bwrap' } = options;
  return localProvider(bubblewrapKind(settings, user, program), settings);
}

function bubblewrapKind(settings: Settings, user: HostUser, bubblewrapProgram: string): Kind {
  const kind: Kind = {
    name: 'bubblewrap',
    isolation: 'namespaces',
    networkNone: true,

    limitsProcesses: countsProcessesByNamespace(),

    problems: () =>
      bubblewrapProblems(bubblewrapProgram, dropTo(user) !== null, async (folders) => {
        await kind.prepare(folders);
        const layout = kind.layout(folders, {});
        const launch: Launch = { folders, layout, spec: { network: 'none' }, limits: {}, controlGroups: [] };
        const command = commandOf(launch, [INSIDE.node, '-p', '"ready"']);
        await startMainProcess(command, null, settings.startTimeoutMs);
      }),

    layout: (_folders, spec) => ({
      workspace: INSIDE.workspace,
      home: INSIDE.home,
      state: INSIDE.state,
      node: INSIDE.node,
      mounts: Object.fromEntries((spec.mounts ?? []).map(({ name, target }) => [name, target])),
    }),

    environment: () => ({
      PATH: '/opt/node/bin:/usr/local/bin:/usr/bin:/bin',
      HOME: INSIDE.home,
      USER: 'agent',
      LOGNAME: 'agent',
      SHELL: '/bin/sh',
      TMPDIR: INSIDE.temporary,
      LANG: 'C.UTF-8',
    }),

    async prepare(folders) {
      const owner = dropTo(user);
      for (const path of [
        folders.workspace,
        folders.home,
        folders.state,
        folders.temporary,
        folders.socket,
      ]) {
        await mkdir(path, { mode: 0o700 });
        // Inside it is the agent's: the user there is mapped to this one.
        if (owner) chownSync(path, owner.uid, owner.gid);
      }
      await mkdir(folders.etc, { mode: 0o755 });
      await writeOwnConfiguration(folders.etc);
      await writeFile(filterFile(folders), seccompFilter(process.arch as FilteredArchitecture), {
        mode: 0o600,
      });
    },

    async command(launch) {
      const { entry } = initProgram();
      const processes = launch.controlGroups.length === 0 ? launch.limits.processes : undefined;
      // Set inside, where only the sandbox's own processes are counted.
      const limited = processes === undefined ? [] : ['/usr/bin/prlimit', `--nproc=${processes}`];
      return commandOf(launch, [...limited, INSIDE.node, `${INSIDE.init}/${entry}`]);
    },

    rootProcess(folders) {
      const { 'child-pid': pid } = JSON.parse(readFileSync(folders.bubblewrapInfo, 'utf8')) as {
        'child-pid': number;
      };
      return identifyProcess(pid);
    },
  };

  const commandOf = (launch: Launch, program: readonly string[]): Command => {
    const { folders, spec, controlGroups } = launch;
    const node = realpathSync(settings.node);
    const owner = dropTo(user);
    const direct = bindingsOf({
      folders,
      node,
      libraries: librariesOf(node),
      init: initProgram().folder,
      mounts: spec.mounts ?? [],
    });
    const { bindings, staging } = owner ? stage(direct) : { bindings: direct, staging: undefined };
    const line = bubblewrapLine(
      bubblewrapProgram,
      { bindings, network: spec.network, descriptors: { seccomp: 3, info: 4 } },
      program,
    );
    return {
      argv: launchLine(owner ? ([...dropLine(owner), ...line] as [string, ...string[]]) : line, {
        controlGroups,
        staging,
      }),
      environment: { PATH: TOOL_PATH },
      files: [
        { path: filterFile(folders), flags: 'r' },
        { path: folders.bubblewrapInfo, flags: 'w' },
      ],
      init: {
        socketFolder: INSIDE.socket,
        cwd: INSIDE.workspace,
        hostNamespace: readlinkSync('/proc/self/ns/pid'),
      },
    };
  };
  return kind;
}

function filterFile(folders: SandboxFolders): string {
  return join(folders.root, 'seccomp.bpf');
}

/** Since Linux 5.14 a limit on processes set in a user namespace counts those of the namespace alone. */
function countsProcessesByNamespace(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 5 || (major === 5 && minor >= 14);
}
