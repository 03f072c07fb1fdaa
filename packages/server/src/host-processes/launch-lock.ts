import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { identifyProcess, isAlive, type ProcessIdentity } from './process-identity.ts';

const POLL_MS = 50;
const DEADLINE_MS = 60_000;

/**
 * Lets one server at a time look for a process and start it, so that two do not start two. The lock of a server that died is
 * taken away.
 *
 * @param path of the lock file
 */
export async function withLaunchLock<Value>(path: string, work: () => Promise<Value>): Promise<Value> {
  const mine = `${path}.${randomUUID()}`;
  const holder = JSON.stringify(await identifyProcess(process.pid));
  await writeFile(mine, holder, { mode: 0o600 });
  try {
    await take(path, mine);
    try {
      return await work();
    } finally {
      await rm(path, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

async function take(path: string, mine: string): Promise<void> {
  const start = performance.now();
  // A link appears with its content, or not at all.
  while (!(await linked(mine, path))) {
    if (performance.now() - start > DEADLINE_MS) {
      throw new AgentServerError(
        'timeout',
        `Another server has been starting a process for too long. It holds ${path}.`,
      );
    }
    if (!(await isHeld(path))) await takeAway(path, mine);
    else await pause(POLL_MS);
  }
}

async function takeAway(path: string, mine: string): Promise<void> {
  const removed = `${mine}.stale`;
  try {
    await rename(path, removed);
    // Another server may have been quicker, and this is its new lock.
    if (await isHeld(removed)) await linked(removed, path);
    await rm(removed, { force: true });
  } catch {
    // Gone already.
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function isHeld(path: string): Promise<boolean> {
  try {
    return await isAlive(JSON.parse(await readFile(path, 'utf8')) as ProcessIdentity);
  } catch {
    return false;
  }
}
