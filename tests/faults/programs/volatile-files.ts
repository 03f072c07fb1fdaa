import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open as openFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** How much of a file would survive a loss of power: what was synced. */
interface Synced {
  path: string;
  bytes: number;
}

let notes: string | undefined;

/**
 * Takes from the files below `folder` what the process before had written and not synced: the machine loses its power whenever
 * a process dies. The system's own cache survives that, so that a missing sync could never be noticed otherwise. Files whose
 * writer does not come from here are left alone.
 */
export function loseUnsynced(folder: string): void {
  notes = join(dirname(folder), 'synced');
  mkdirSync(notes, { recursive: true });
  for (const name of readdirSync(notes)) {
    const note = join(notes, name);
    const { path, bytes } = JSON.parse(readFileSync(note, 'utf8')) as Synced;
    if (existsSync(path)) truncateSync(path, bytes);
    rmSync(note);
  }
}

/** Opens a file for appending, and keeps a note of how much of it was synced. */
export async function open(path: string, flags: string, mode?: number): Promise<FileHandle> {
  const handle = await openFile(path, flags, mode);
  const note = join(notes ?? dirname(path), createHash('sha256').update(path).digest('hex'));
  const remember = async () => {
    const { size } = await handle.stat();
    writeFileSync(note, JSON.stringify({ path, bytes: size } satisfies Synced));
  };
  await remember();
  return new Proxy(handle, {
    get(target, name) {
      if (name === 'datasync' || name === 'sync') {
        return async () => {
          await target[name]();
          await remember();
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
export type { FileHandle };
