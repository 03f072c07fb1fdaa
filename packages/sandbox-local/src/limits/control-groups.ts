import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { SandboxCapabilities } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';

export interface Limits {
  memoryMiB?: number | undefined;
  processes?: number | undefined;
  /** Of one CPU, e.g. 0.5. */
  cpus?: number | undefined;
}

/** The kernel's control groups, as far as this process may use them. */
export interface ControlGroups {
  readonly enforces: SandboxCapabilities['limits'];
  /** Folders of new groups with these limits; a process belongs to one once its id is in its `cgroup.procs`. */
  create(id: string, limits: Limits): string[];
}

const PARENT = 'agent-server';
const CPU_PERIOD_US = 100_000;
const REMOVAL_DEADLINE_MS = 5_000;
const NAMES = ['memory', 'pids', 'cpu'] as const;
type Name = (typeof NAMES)[number];

/** Null where there are none, or they may not be used. @param root where they are mounted */
export function findControlGroups(root = '/sys/fs/cgroup'): ControlGroups | null {
  if (process.platform !== 'linux') return null;
  return existsSync(join(root, 'cgroup.controllers')) ? unified(root) : separate(root);
}

/** Removes groups whose processes have ended; what is gone already is no error. */
export async function removeControlGroups(folders: readonly string[]): Promise<void> {
  const deadline = performance.now() + REMOVAL_DEADLINE_MS;
  for (const folder of folders) {
    for (;;) {
      try {
        await rmdir(folder);
        break;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // A process that has ended counts for a moment longer.
        if (code !== 'EBUSY' || performance.now() > deadline) break;
        await wait(10);
      }
    }
  }
}

/** How often the kernel ended a process in these groups for want of memory. */
export function outOfMemoryKills(folders: readonly string[]): number {
  let kills = 0;
  for (const folder of folders) {
    for (const file of ['memory.events', 'memory.oom_control']) {
      try {
        const line = /^oom_kill (\d+)$/m.exec(readFileSync(join(folder, file), 'latin1'));
        kills += Number(line?.[1] ?? 0);
      } catch {
        // Another version, another controller, or gone.
      }
    }
  }
  return kills;
}

/** Version 2: one tree for all controllers. */
function unified(root: string): ControlGroups | null {
  const own = join(root, /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'latin1'))?.[1] ?? '/');
  // The own group may hold processes and then cannot be divided; the one above it often is delegated.
  for (const base of new Set([root, dirname(own), own])) {
    if (!base.startsWith(root)) continue;
    const parent = join(base, PARENT);
    if (!makeFolder(parent)) continue;
    enableControllers(base);
    enableControllers(parent);
    const available = readWords(join(parent, 'cgroup.subtree_control'));
    const has = (name: Name) => available.includes(name);
    if (!NAMES.some(has) || !mayEnter(parent)) continue;
    return {
      enforces: { memory: has('memory'), processes: has('pids'), cpu: has('cpu') },
      create(id, limits) {
        const folder = newGroup(parent, id);
        if (limits.memoryMiB !== undefined) {
          setLimit(folder, 'memory.max', limits.memoryMiB * 1024 * 1024);
          if (existsSync(join(folder, 'memory.swap.max'))) setLimit(folder, 'memory.swap.max', 0);
        }
        if (limits.processes !== undefined) setLimit(folder, 'pids.max', limits.processes);
        if (limits.cpus !== undefined) {
          setLimit(folder, 'cpu.max', `${Math.round(limits.cpus * CPU_PERIOD_US)} ${CPU_PERIOD_US}`);
        }
        return [folder];
      },
    };
  }
  return null;
}

/** Version 1: a tree for each controller. */
function separate(root: string): ControlGroups | null {
  const parents = new Map<Name, string>();
  for (const name of NAMES) {
    const parent = join(root, name, PARENT);
    if (existsSync(join(root, name, 'cgroup.procs')) && makeFolder(parent) && mayEnter(parent)) {
      parents.set(name, parent);
    }
  }
  if (parents.size === 0) return null;
  return {
    enforces: { memory: parents.has('memory'), processes: parents.has('pids'), cpu: parents.has('cpu') },
    create(id, limits) {
      return [...parents].map(([name, parent]) => {
        const folder = newGroup(parent, id);
        if (name === 'memory' && limits.memoryMiB !== undefined) {
          const bytes = limits.memoryMiB * 1024 * 1024;
          setLimit(folder, 'memory.limit_in_bytes', bytes);
          const withSwap = 'memory.memsw.limit_in_bytes';
          if (existsSync(join(folder, withSwap))) setLimit(folder, withSwap, bytes);
        }
        if (name === 'pids' && limits.processes !== undefined) setLimit(folder, 'pids.max', limits.processes);
        if (name === 'cpu' && limits.cpus !== undefined) {
          setLimit(folder, 'cpu.cfs_period_us', CPU_PERIOD_US);
          setLimit(folder, 'cpu.cfs_quota_us', Math.round(limits.cpus * CPU_PERIOD_US));
        }
        return folder;
      });
    },
  };
}

function newGroup(parent: string, id: string): string {
  const folder = join(parent, id);
  try {
    mkdirSync(parent, { recursive: true });
    mkdirSync(folder);
  } catch (cause) {
    throw new AgentServerError('sandbox_unavailable', `No control group could be made at ${folder}.`, {
      cause,
    });
  }
  return folder;
}

function setLimit(folder: string, file: string, value: number | string): void {
  try {
    writeFileSync(join(folder, file), String(value));
  } catch (cause) {
    throw new AgentServerError(
      'sandbox_unavailable',
      `The limit ${file} = ${value} was refused in ${folder}.`,
      {
        cause,
      },
    );
  }
}

function makeFolder(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true });
    return true;
  } catch {
    return false;
  }
}

function enableControllers(folder: string): void {
  for (const name of NAMES) {
    try {
      writeFileSync(join(folder, 'cgroup.subtree_control'), `+${name}`);
    } catch {
      // Not there, or not ours to enable; what is enabled is read afterwards.
    }
  }
}

function readWords(file: string): string[] {
  try {
    return readFileSync(file, 'latin1').trim().split(/\s+/);
  } catch {
    return [];
  }
}

/** Whether a process may really be moved into a group below `parent`. */
function mayEnter(parent: string): boolean {
  const probe = join(parent, `probe-${process.pid}`);
  try {
    mkdirSync(probe);
    execFileSync('/bin/sh', ['-c', 'echo $$ > "$1"', 'probe', join(probe, 'cgroup.procs')], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  } finally {
    try {
      rmdirSync(probe);
    } catch {
      // The shell may count for a moment longer; an empty group costs nothing.
    }
  }
}
