import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { withLaunchLock } from './launch-lock.ts';

async function makeLock(): Promise<{ folder: string; lock: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'lock-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { folder, lock: join(folder, 'test.lock') };
}

it('lets one at a time, and leaves nothing behind', async () => {
  const { folder, lock } = await makeLock();
  let inside = 0;
  let most = 0;
  const enter = () =>
    withLaunchLock(lock, async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    });
  await Promise.all(Array.from({ length: 5 }, enter));
  expect(most).toBe(1);
  expect(await readdir(folder)).toEqual([]);
});

it('is given back when the work fails', async () => {
  const { lock } = await makeLock();
  await expect(withLaunchLock(lock, () => Promise.reject(new Error('no luck')))).rejects.toThrow('no luck');
  expect(await withLaunchLock(lock, async () => 'free')).toBe('free');
});

it.each(['', JSON.stringify({ pid: process.pid, startedAt: 'another time' })])(
  'of a server that died is taken away (%j)',
  async (left) => {
    const { folder, lock } = await makeLock();
    await writeFile(lock, left);
    const entered = await Promise.all(
      ['first', 'second'].map((name) => withLaunchLock(lock, async () => name)),
    );
    expect(entered).toEqual(['first', 'second']);
    expect(await readdir(folder)).toEqual([]);
  },
);
