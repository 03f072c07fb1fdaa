import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { eventually } from './deadline.ts';

/** A process that has to do with a folder. */
export interface FoundProcess {
  pid: number;
  /** Clock ticks since boot at which it started: with the pid, which process it is. */
  startedAt: string;
  command: string;
}

/**
 * Every living process of this machine that names `folder` in its command line, environment or working directory, or has it
 * mounted where this process has not: what a server with its data there has started, in sandboxes too.
 */
export function processesOf(folder: string): FoundProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => find(Number(name), folder))
    .filter((found) => found !== undefined);
}

/** Resolves when no process has to do with the folder any more. */
export async function untilNobodyLeft(folder: string, milliseconds?: number): Promise<void> {
  await eventually(
    `nothing left that uses ${folder}`,
    () => processesOf(folder).length === 0,
    milliseconds,
  ).catch((error: Error) => {
    const left = processesOf(folder).map(({ pid, command }) => `${pid} ${command.slice(0, 200)}`);
    throw new Error(`${error.message}; left are:\n${left.join('\n')}`);
  });
}

/**
 * Ends what is left, by pid. For cleaning up after a failure. Whoever kills has to be surer than whoever looks: a shell that
 * stands in the folder, or a program that somebody pointed at it, is found by the census and is not ended. What is ended began
 * after this process, and inherited the folder in its environment, has it mounted in a sandbox of its own, or is one of the
 * programs that servers start detached, called with it.
 */
export function endAll(folder: string): void {
  const since = Number(stateOf('self').startedAt);
  for (const { pid, startedAt, command } of processesOf(folder)) {
    if (Number(startedAt) < since || !isOffspring(pid, command, folder)) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}

function isOffspring(pid: number, command: string, folder: string): boolean {
  if (read(pid, 'environ').includes(folder) || hasMounted(pid, folder)) return true;
  const [program = ''] = command.split(' ');
  return ['node', 'bwrap', 'setpriv'].includes(basename(program)) && command.includes(folder);
}

function find(pid: number, folder: string): FoundProcess | undefined {
  const command = read(pid, 'cmdline').replaceAll('\0', ' ').trim();
  const named = [command, read(pid, 'environ'), workingDirectory(pid)].some((trace) =>
    trace.includes(folder),
  );
  if (!named && !hasMounted(pid, folder)) return undefined;
  const { state, startedAt } = stateOf(pid);
  if (state === undefined || state === '' || state === 'Z' || startedAt === undefined) return undefined;
  return { pid, startedAt, command };
}

/** The name in parentheses may hold anything; the fields after it do not. */
function stateOf(pid: number | 'self'): { state: string | undefined; startedAt: string | undefined } {
  const fields = read(pid, 'stat')
    .replace(/^.*\) /s, '')
    .split(' ');
  return { state: fields[0], startedAt: fields[19] };
}

function read(pid: number | 'self', name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}

const hasMounted = (pid: number, folder: string): boolean =>
  ownMounts(pid).some((mount) => mount.includes(folder));

/** What a sandbox mounts for itself. A mount that everybody has, this process too, says nothing about anybody. */
function ownMounts(pid: number): string[] {
  const shared = new Set(mountsOf('self'));
  return mountsOf(pid).filter((mount) => !shared.has(mount));
}

/** Device, root and place of each mount. */
function mountsOf(pid: number | 'self'): string[] {
  try {
    const lines = readFileSync(`/proc/${pid}/mountinfo`, 'latin1').split('\n');
    return lines.map((line) => line.split(' ').slice(2, 5).join(' '));
  } catch {
    return [];
  }
}

function workingDirectory(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
