import { type FSWatcher, watch } from 'node:fs';

/** Says that something below the watched folders may have changed; what, a scan finds out. */
export interface FolderWatcher {
  /** Watches a folder, not what is below its folders. Again without effect. */
  add(folder: string): void;
  /** False once a folder could not be watched: changes must then be looked for. */
  readonly complete: boolean;
  close(): void;
}

/** The system allows only so many watches to a user. */
const MOST_FOLDERS = 4_000;

/** One watch a folder: this costs the fewest watches, and does not follow links. */
export function createFolderWatcher(onChange: () => void): FolderWatcher {
  const watchers = new Map<string, FSWatcher>();
  let complete = true;
  let closed = false;

  const forget = (folder: string) => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };

  return {
    get complete() {
      return complete;
    },
    add(folder) {
      if (closed || watchers.has(folder)) return;
      if (watchers.size >= MOST_FOLDERS) {
        complete = false;
        return;
      }
      try {
        const watcher = watch(folder, { persistent: false });
        watchers.set(folder, watcher);
        watcher.on('change', (kind, name) => {
          // The folder itself was moved or removed: one of the same name is another.
          if (kind === 'rename' && typeof name === 'string' && folder.endsWith(`/${name}`)) forget(folder);
          onChange();
        });
        watcher.on('error', () => {
          forget(folder);
          onChange();
        });
      } catch (error) {
        // A folder that is gone again needs no watch; anything else means that there are no more watches to be had.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') complete = false;
      }
    },
    close() {
      closed = true;
      for (const folder of [...watchers.keys()]) forget(folder);
    },
  };
}
