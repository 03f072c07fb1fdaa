import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { useFolders } from '../../test/support/files.ts';
import { eventually, isAlive } from '../../test/support/sandbox.ts';
import { openProcessRegistry } from './registry.ts';

const makeFolder = useFolders();
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

const FOREVER = 'setInterval(() => {}, 1000)';

function start(script: string, environment: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, ['-e', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: environment,
  });
  started.push(child);
  return child;
}

/** A process that says the id of a child which it leaves behind. */
const leaving = (detached: boolean) => `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', ${JSON.stringify(FOREVER)}], { detached: ${detached}, stdio: 'ignore' });
  child.unref();
  console.log(child.pid);`;

async function saidPid(child: ChildProcess): Promise<number> {
  const [data] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return Number(data);
}

describe('the processes of an agent', () => {
  it('are ended with their descendants, also by a later runner', async () => {
    const path = join(makeFolder(), 'processes');
    const first = await openProcessRegistry(path);
    const child = start(`${leaving(true)}\n${FOREVER}`);
    const grandchild = await saidPid(child);
    first.register(child.pid ?? 0);
    const later = await openProcessRegistry(path);
    await later.endAll();
    await eventually('both are gone', () => !isAlive(child.pid ?? 0) && !isAlive(grandchild));
  });

  it('are ended when their parent is gone, by their process group', async () => {
    const registry = await openProcessRegistry(join(makeFolder(), 'processes'));
    const child = start(`${leaving(false)}\nsetTimeout(() => {}, 300)`);
    registry.register(child.pid ?? 0);
    const orphan = await saidPid(child);
    await once(child, 'exit');
    expect(isAlive(orphan)).toBe(true);
    await registry.endAll();
    await eventually('the orphan is gone', () => !isAlive(orphan));
  });

  it('are ended when they left their group and lost their parent, by the mark in their environment', async () => {
    const registry = await openProcessRegistry(join(makeFolder(), 'processes'));
    const { name, value } = registry.mark;
    const child = start(leaving(true), { [name]: value });
    const orphan = await saidPid(child);
    await once(child, 'exit');
    expect(isAlive(orphan)).toBe(true);
    await registry.endAll();
    await eventually('the orphan is gone', () => !isAlive(orphan));
  });

  it('are not confused with a later process of the same id', async () => {
    const path = join(makeFolder(), 'processes');
    const bystander = start(FOREVER);
    await openProcessRegistry(path);
    appendFileSync(path, `${JSON.stringify({ pid: bystander.pid, startTime: '1' })}\n`);
    const registry = await openProcessRegistry(path);
    await registry.endAll();
    expect(isAlive(bystander.pid ?? 0)).toBe(true);
  });
});
