import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { markedProcesses } from '../init/marked-processes.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from './process-identity.ts';
import type { SandboxRecord } from './record.ts';

const POLL_MS = 15;
const KILL_DEADLINE_MS = 15_000;

/**
 * Ends every process of a sandbox, also those that left its session or its process groups: first asked, then, after the
 * grace, killed. Looks again until none is left, since a process may start others while it is being ended.
 */
export async function endProcesses(record: SandboxRecord, graceMs: number): Promise<void> {
  const begun = performance.now();
  const asked = new Set<number>();
  for (;;) {
    const left = livingProcesses(record);
    if (left.length === 0) return;
    const spent = performance.now() - begun;
    if (spent > graceMs + KILL_DEADLINE_MS) {
      throw new AgentServerError(
        'timeout',
        `Sandbox ${record.id}: process ${left[0]?.pid} did not end. Look at it with "ps -fp ${left[0]?.pid}", then terminate the sandbox again.`,
      );
    }
    for (const each of left) {
      if (spent >= graceMs) signal(each, 'SIGKILL');
      else if (!asked.has(each.pid)) signal(each, 'SIGTERM');
      asked.add(each.pid);
    }
    await wait(POLL_MS);
  }
}

function livingProcesses(record: SandboxRecord): ProcessIdentity[] {
  const found = new Map<number, ProcessIdentity>();
  for (const pid of [...markedProcesses(record.id), ...groupedProcesses(record)]) {
    const identity = identifyProcess(pid);
    if (identity && pid !== process.pid) found.set(pid, identity);
  }
  for (const identity of [record.main, record.root]) {
    if (identity && isAlive(identity)) found.set(identity.pid, identity);
  }
  return [...found.values()];
}

/** Those in the sandbox's control groups, should one have shed its marker. */
function groupedProcesses(record: SandboxRecord): number[] {
  return record.controlGroups.flatMap((folder) => {
    try {
      return readFileSync(join(folder, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
}

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch {
    // It ended meanwhile; the next look tells.
  }
}
