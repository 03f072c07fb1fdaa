import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useFolders } from '../test/support/files.ts';
import { acquireLock } from './lock.ts';

const makeFolder = useFolders();

describe('the lock of a state folder', () => {
  it('is had by one at a time, whatever the folder is called', async () => {
    const folder = makeFolder();
    const state = join(folder, 'x'.repeat(200));
    mkdirSync(state);
    symlinkSync(state, join(folder, 'other-name'));
    const first = await acquireLock(state);
    expect(first).not.toBeNull();
    expect(await acquireLock(state)).toBeNull();
    expect(await acquireLock(join(folder, 'other-name'))).toBeNull();
    const elsewhere = await acquireLock(join(folder, 'another'));
    expect(elsewhere).not.toBeNull();
    await first?.release();
    const second = await acquireLock(state);
    expect(second).not.toBeNull();
    await Promise.all([second?.release(), elsewhere?.release()]);
  });

  it('is given to one of many that come at once', async () => {
    const folder = makeFolder();
    const locks = await Promise.all(Array.from({ length: 20 }, () => acquireLock(folder)));
    expect(locks.filter((lock) => lock !== null)).toHaveLength(1);
    for (const lock of locks) await lock?.release();
  });

  it('is free again when its holder was killed', async () => {
    const folder = makeFolder();
    const script = `
      import { acquireLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))};
      await acquireLock(${JSON.stringify(folder)});
      console.log('locked');
      setInterval(() => {}, 1000);`;
    const conditions = '--conditions=@hhopkins/source';
    const holder = spawn(process.execPath, [conditions, '--input-type=module', '-e', script]);
    await once(holder.stdout, 'data');
    expect(await acquireLock(folder)).toBeNull();
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const lock = await acquireLock(folder);
    expect(lock).not.toBeNull();
    await lock?.release();
  });
});
