import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import type { FoundProcess } from '../../src/harness/census.ts';
import type { ServerProcess } from '../../src/harness/server-process.ts';
import type { Scene } from '../scene.ts';
import { until } from '../wait.ts';

/** What is to be harmed may just be starting. */
const FIND_MS = 30_000;

/** The one living process whose command line fits, as soon as there is one. */
export function findOne(
  what: string,
  look: () => readonly FoundProcess[],
  command: RegExp,
): Promise<FoundProcess> {
  return until(what, FIND_MS, () => look().find((each) => command.test(each.command)));
}

export async function killOne(
  what: string,
  look: () => readonly FoundProcess[],
  command: RegExp,
): Promise<FoundProcess> {
  for (;;) {
    const found = await findOne(what, look, command);
    try {
      process.kill(found.pid, 'SIGKILL');
      return found;
    } catch {
      // It ended by itself at that moment; there will be another.
    }
  }
}

/** Starts the next server; the clients lose the one before at once. */
export async function restart(scene: Scene): Promise<ServerProcess> {
  scene.proxy.lead(undefined);
  scene.proxy.cut();
  return scene.start();
}

export const SERVER = /faults\/programs\/server\.ts/;
export const RELAY = /relay\/src\/bin/;
export const RUNNER = /agent-runner\.mjs serve/;
export const AGENT = /claude\S* --output-format/;

/**
 * Stops a process where it holds no lock of SQLite's. A frozen one that does keeps everybody out, which a store that is a server
 * of its own would not let it do.
 */
export async function freezeBetweenWrites({ storeDirectory }: Scene, pid: number): Promise<void> {
  for (;;) {
    process.kill(pid, 'SIGSTOP');
    if (isWritable(join(storeDirectory, 'agent-server.db'))) return;
    process.kill(pid, 'SIGCONT');
    await pause(3);
  }
}

function isWritable(file: string): boolean {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
    return true;
  } catch {
    return false;
  } finally {
    database.close();
  }
}
