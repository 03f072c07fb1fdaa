import { chmod, lstat, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const REMOVED = '.removed-';

/** Removes a sandbox's folder, in one step as far as others see. Links in it are removed, never followed. */
export async function removeFolder(root: string): Promise<void> {
  const doomed = join(dirname(root), `${REMOVED}${basename(root)}`);
  try {
    await rename(root, doomed);
  } catch (error) {
    // Another terminate() may have been quicker; what it left behind is finished here.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await removeTree(doomed);
}

/** Finishes what an earlier process began to remove when it died. */
export async function removeLeftovers(directory: string): Promise<void> {
  const names = await readdir(directory);
  for (const name of names) if (name.startsWith(REMOVED)) await removeTree(join(directory, name));
}

async function removeTree(path: string): Promise<void> {
  const removal = { recursive: true, force: true, maxRetries: 5, retryDelay: 50 } as const;
  try {
    await rm(path, removal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    // Only root may remove from folders that are not writable.
    await makeWritable(path);
    await rm(path, removal);
  }
}

async function makeWritable(path: string): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, 0o700);
  for (const name of await readdir(path)) await makeWritable(join(path, name));
}
