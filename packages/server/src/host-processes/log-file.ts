import { copyFile, open, readFile, rename, stat, truncate } from 'node:fs/promises';

/** A log is kept to this size, and one older one besides it. Bytes. */
const MAXIMUM_BYTES = 1024 * 1024;

/** Opens a log for a process to write to. What goes there is bounded by `boundLog`, called now and then. */
export async function openLog(path: string) {
  if ((await sizeOf(path)) > MAXIMUM_BYTES) await rename(path, `${path}.1`);
  return open(path, 'a', 0o600);
}

/** Moves what is too much to the older log. Writers append, so that they go on at the start of the emptied file. */
export async function boundLog(path: string): Promise<void> {
  if ((await sizeOf(path)) <= MAXIMUM_BYTES) return;
  await copyFile(path, `${path}.1`);
  await truncate(path, 0);
}

/** The last line that says something. */
export async function lastLine(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text
    .split('\n')
    .findLast((line) => line.trim() !== '')
    ?.slice(0, 500);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
