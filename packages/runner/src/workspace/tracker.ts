import type { FileEntry } from '@hhopkins/agent-protocol';
import type { DriverEvent } from '../drivers/driver.ts';
import type { KnownFile } from '../journal/open-state.ts';
import { createScanner, type ScanResult } from './scan.ts';
import { createFolderWatcher } from './watcher.ts';

/** Tells the journal what becomes of the files of the workspace. */
export interface WorkspaceTracker {
  /** Looks at everything now, writes what changed, and begins to watch. Concurrent calls may share a scan that begins later. */
  scan(): Promise<FileEntry[]>;
  /** Stops watching; a scan that runs writes nothing more. */
  close(): void;
}

export interface TrackerOptions {
  workspace: string;
  ignored: readonly string[];
  maximumFiles: number;
  maximumFileBytes: number;
  /** The files that the journal has told of. Changes as events are written. */
  known: ReadonlyMap<string, KnownFile>;
  /** False when the event could not be written; the next scan says it again. */
  write(event: DriverEvent): boolean;
}

/** After a change, others that come with it are waited for, in milliseconds. */
const SETTLE_MS = 100;
/** A scan may take this share of the time at most. */
const REST_FACTOR = 5;
/** How often is looked where nothing can be watched, in milliseconds. */
const POLL_MS = 5_000;

/** The scan is the truth, the watcher only makes it quick. */
export function createWorkspaceTracker(options: TrackerOptions): WorkspaceTracker {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let restMs = SETTLE_MS;
  let warned = '';
  /** The scan that runs, and the one that will begin when it is done. */
  let running: Promise<FileEntry[]> | undefined;
  let next: Promise<FileEntry[]> | undefined;

  const watcher = createFolderWatcher(() => later(restMs));
  const scanner = createScanner({ ...options, onFolder: (folder) => watcher.add(folder) });

  function later(milliseconds: number): void {
    if (closed || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      // What could not be looked at now will be at the next change, or at the end of the turn.
      tracker.scan().catch(() => {});
    }, milliseconds);
    timer.unref();
  }

  const look = async (): Promise<FileEntry[]> => {
    const startedAt = performance.now();
    const result = await scanner.scan();
    restMs = Math.max(SETTLE_MS, REST_FACTOR * (performance.now() - startedAt));
    if (closed) return result.entries;
    for (const event of changes(options.known, result.entries)) options.write(event);
    warn(result);
    if (!watcher.complete) later(Math.max(POLL_MS, restMs));
    return result.entries;
  };

  const warn = (result: ScanResult) => {
    const message = complaintOf(result, options);
    if (message && message !== warned) {
      options.write({ type: 'log', conversationId: 'main', payload: { level: 'warn', message } });
    }
    warned = message;
  };

  const begin = (): Promise<FileEntry[]> => {
    running = look().finally(() => {
      running = undefined;
    });
    return running;
  };

  const tracker: WorkspaceTracker = {
    scan() {
      if (!running) return begin();
      next ??= running
        .catch(() => {})
        .then(() => {
          next = undefined;
          return begin();
        });
      return next;
    },
    close() {
      closed = true;
      clearTimeout(timer);
      watcher.close();
    },
  };
  return tracker;
}

function* changes(
  known: ReadonlyMap<string, KnownFile>,
  entries: readonly FileEntry[],
): Generator<DriverEvent> {
  const found = new Set(entries.map((entry) => entry.path));
  for (const path of [...known.keys()]) {
    if (!found.has(path)) yield { type: 'file:deleted', conversationId: 'main', payload: { path } };
  }
  for (const { path, hash, size, mode } of entries) {
    const before = known.get(path);
    if (before && before.hash === hash && before.size === size && before.mode === mode) continue;
    const type = before ? 'file:modified' : 'file:created';
    yield { type, conversationId: 'main', payload: { path, hash, size, mode } };
  }
}

function complaintOf(result: ScanResult, options: TrackerOptions): string {
  const overflow = `the workspace has more than ${options.maximumFiles} files; the others are neither shown nor saved`;
  const skipped = `not shown and not saved, since the name cannot be kept or the file is too large: ${result.skipped.join(', ')}`;
  return [result.overflowed ? overflow : '', result.skipped.length > 0 ? skipped : '']
    .filter(Boolean)
    .join('; ');
}
