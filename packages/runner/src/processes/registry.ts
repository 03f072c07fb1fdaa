import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { replaceFile } from '../files/durable.ts';
import { endProcesses, type Registered } from './end.ts';
import { startTimeOf } from './table.ts';

/** The processes of the agent, remembered on disk, so that a later runner can end what this one leaves behind. */
export interface ProcessRegistry {
  /** A variable that every process of the agent must have in its environment, by which lost ones are found. */
  readonly mark: { name: string; value: string };
  register(pid: number): void;
  /** Ends every registered process with its descendants; resolves when none is left, or none can be ended. */
  endAll(): Promise<void>;
}

const MARK = 'AGENT_RUNNER_MARK';

/** Opens the registry of a file. What an earlier runner registered counts as registered. */
export async function openProcessRegistry(path: string): Promise<ProcessRegistry> {
  const known = await readRegistry(path);
  const value = known.mark ?? randomUUID();
  if (!known.mark) await replaceFile(path, `${JSON.stringify({ mark: value })}\n`);
  let registered = known.processes;
  const asking = new Set<Promise<void>>();

  return {
    mark: { name: MARK, value },
    register(pid) {
      const startTime = startTimeNow(pid);
      const remember = (time: string | undefined) => {
        if (time === undefined) return;
        registered.push({ pid, startTime: time });
        appendFileSync(path, `${JSON.stringify({ pid, startTime: time })}\n`);
      };
      if (process.platform === 'linux') return remember(startTime);
      const asked: Promise<void> = startTimeOf(pid)
        .then(remember, () => {})
        .finally(() => asking.delete(asked));
      asking.add(asked);
    },
    async endAll() {
      await Promise.all(asking);
      await endProcesses(registered, `${MARK}=${value}`);
      registered = [];
      await replaceFile(path, `${JSON.stringify({ mark: value })}\n`);
    },
  };
}

/** Read at once: the process may be gone a moment later, and its children with it out of sight. */
function startTimeNow(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

async function readRegistry(path: string): Promise<{ mark?: string; processes: Registered[] }> {
  const processes: Registered[] = [];
  let mark: string | undefined;
  const text = await readFile(path, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    try {
      const entry = JSON.parse(line) as Partial<Registered> & { mark?: string };
      if (entry.mark) mark = entry.mark;
      else if (entry.pid && entry.startTime) processes.push({ pid: entry.pid, startTime: entry.startTime });
    } catch {
      // A torn line is the last one.
    }
  }
  if (!mark && text !== '') await rm(path, { force: true });
  return { ...(mark ? { mark } : {}), processes };
}
