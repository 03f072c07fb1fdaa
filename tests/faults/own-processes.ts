import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { FoundProcess } from '../src/harness/census.ts';

/**
 * The living processes that come from a scene, and from nothing else. A harness that kills has to be sure of whom: a name in a
 * command line, a working directory or a mount that everybody sees proves nothing. What counts is
 *
 * - an environment that has the trace: it is handed down from what the scene started, or
 * - a mount with the trace in a mount namespace of its own: only a sandbox of the scene has it,
 *
 * and, for both, a start later than the scene's.
 *
 * @param trace the scene's folder, or the id of a sandbox
 * @param since clock ticks since boot, as `ticksNow` told when the scene began
 */
export function ownProcesses(trace: string, since: number): FoundProcess[] {
  if (trace.length < 16) throw new Error(`"${trace}" is too short to tell processes apart`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) > 1 && Number(name) !== process.pid)
    .map((name) => find(Number(name), trace, since))
    .filter((found) => found !== undefined);
}

/** Ends what `ownProcesses` finds. For cleaning up after a failure. */
export function endOwn(trace: string, since: number): void {
  for (const { pid } of ownProcesses(trace, since)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
}

/** The start of this very moment, in the unit of a process's start time. */
export function ticksNow(): number {
  const TICKS_A_SECOND = 100;
  const [seconds] = readFileSync('/proc/uptime', 'latin1').split(' ');
  return Math.floor(Number(seconds) * TICKS_A_SECOND);
}

function find(pid: number, trace: string, since: number): FoundProcess | undefined {
  const [state, startedAt] = stateOf(pid);
  if (state === undefined || state === 'Z' || startedAt === undefined || Number(startedAt) < since)
    return undefined;
  const isOwn =
    read(pid, 'environ').includes(trace) ||
    (namespaceOf(pid) !== namespaceOf('self') && read(pid, 'mountinfo').includes(trace));
  if (!isOwn) return undefined;
  return { pid, startedAt, command: read(pid, 'cmdline').replaceAll('\0', ' ').trim() };
}

/** State and start time. The name in parentheses before them may hold anything. */
function stateOf(pid: number): [string | undefined, string | undefined] {
  const fields = read(pid, 'stat')
    .replace(/^.*\) /s, '')
    .split(' ');
  return [fields[0] || undefined, fields[19]];
}

function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}

/** What cannot be told counts as ours, so that it is never a reason to kill. */
function namespaceOf(pid: number | 'self'): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return pid === 'self' ? '' : namespaceOf('self');
  }
}
