import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A process as the operating system lists it. */
export interface ProcessRow {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** Tells a process from a later one with the same id. */
  startTime: string;
}

/** All processes that can be seen from here. */
export async function processTable(): Promise<ProcessRow[]> {
  return process.platform === 'linux' ? tableFromProc() : tableFromPs();
}

/** When the process started, in the system's own form; undefined when there is none. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return (await readStat(pid))?.startTime;
  return (await tableFromPs()).find((row) => row.pid === pid)?.startTime;
}

/** Whether the process was started with this variable in its environment. Linux only; elsewhere false. */
export async function hasVariable(pid: number, variable: string): Promise<boolean> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1');
    return environment.split('\0').includes(variable);
  } catch {
    return false;
  }
}

async function tableFromProc(): Promise<ProcessRow[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const rows = await Promise.all(pids.map(readStat));
  return rows.filter((row) => row !== undefined);
}

async function readStat(pid: number): Promise<ProcessRow | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, parent, group, session] = fields;
    const startTime = fields[19];
    if (state === 'Z' || startTime === undefined) return undefined;
    return { pid, parent: Number(parent), group: Number(group), session: Number(session), startTime };
  } catch {
    return undefined;
  }
}

async function tableFromPs(): Promise<ProcessRow[]> {
  const columns = 'pid=,ppid=,pgid=,lstart=';
  const { stdout } = await promisify(execFile)('ps', ['-axo', columns], { timeout: 5_000 });
  return stdout.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S.*)$/.exec(line);
    if (!match) return [];
    const [, pid, parent, group, startTime] = match;
    return [
      {
        pid: Number(pid),
        parent: Number(parent),
        group: Number(group),
        session: 0,
        startTime: startTime ?? '',
      },
    ];
  });
}
