import { setTimeout as sleep } from 'node:timers/promises';
import { hasVariable, type ProcessRow, processTable } from './table.ts';

export interface Registered {
  pid: number;
  startTime: string;
}

const ROUNDS = 20;
const BETWEEN_ROUNDS_MS = 50;

/**
 * Kills the registered processes, their descendants, their process groups and sessions, and whatever carries the mark in
 * its environment, until nothing of it is left. Processes with a reused id are left alone, and so is this one.
 */
export async function endProcesses(registered: readonly Registered[], mark: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const doomed = await findProcesses(registered, mark);
    if (doomed.length === 0) return;
    for (const { pid } of doomed) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone in the meantime.
      }
    }
    await sleep(BETWEEN_ROUNDS_MS);
  }
}

async function findProcesses(registered: readonly Registered[], mark: string): Promise<ProcessRow[]> {
  const table = await processTable();
  const spared = ancestors(table, process.pid);
  const own = table.find((row) => row.pid === process.pid);
  const roots = new Set(
    registered
      .filter(({ pid, startTime }) => table.some((row) => row.pid === pid && row.startTime === startTime))
      .map(({ pid }) => pid),
  );
  const marked = await Promise.all(table.map((row) => hasVariable(row.pid, mark)));
  // A group outlives its leader under the leader's id, as long as that id was not given to another process.
  const leaders = new Set(
    registered
      .filter(({ pid, startTime }) => !table.some((row) => row.pid === pid && row.startTime !== startTime))
      .map(({ pid }) => pid)
      .filter((pid) => pid !== own?.group && pid !== own?.session),
  );
  const doomed = new Set(
    table
      .filter(
        (row, index) =>
          marked[index] || roots.has(row.pid) || leaders.has(row.group) || leaders.has(row.session),
      )
      .map((row) => row.pid),
  );
  for (let size = -1; size !== doomed.size; ) {
    size = doomed.size;
    for (const row of table) if (doomed.has(row.parent)) doomed.add(row.pid);
  }
  return table.filter((row) => doomed.has(row.pid) && !spared.has(row.pid));
}

/** The process and what it descends from. */
function ancestors(table: readonly ProcessRow[], pid: number): Set<number> {
  const found = new Set<number>([0, 1]);
  for (let at: number | undefined = pid; at !== undefined && !found.has(at); ) {
    found.add(at);
    const current: number = at;
    at = table.find((row) => row.pid === current)?.parent;
  }
  return found;
}
