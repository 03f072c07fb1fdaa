import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type FileEntry, workspacePathSchema } from '@hhopkins/agent-protocol';
import { TEMPORARY_PREFIX } from './paths.ts';

/** Everything that a scan found, and what it left out. */
export interface ScanResult {
  /** In the order of their paths. */
  entries: FileEntry[];
  /** More files than the bound. */
  overflowed: boolean;
  /** Paths that cannot be listed, too large or oddly named; the first few. */
  skipped: string[];
}

export interface Scanner {
  /** Looks at every file. Content is read only when a file may have changed since the last scan. */
  scan(): Promise<ScanResult>;
}

interface Seen {
  fingerprint: string;
  hash: string;
  /** Young files may change again without a trace in their times; they are read again. */
  settled: boolean;
}

export interface ScannerOptions {
  workspace: string;
  ignored: readonly string[];
  maximumFiles: number;
  maximumFileBytes: number;
  /** Is called for each folder before it is read, so that it can be watched without a gap. */
  onFolder?: (path: string) => void;
}

/** File systems keep times as coarsely as this, in milliseconds. */
const COARSEST_CLOCK_MS = 2_000;
const NAMED_SKIPPED = 5;
/** Folders that are looked into, a count. */
const MOST_FOLDERS = 20_000;

export function createScanner(options: ScannerOptions): Scanner {
  const { workspace, maximumFiles, maximumFileBytes } = options;
  const ignored = new Set(options.ignored);
  let seen = new Map<string, Seen>();

  const isLeftOut = (name: string) => ignored.has(name) || name.startsWith(TEMPORARY_PREFIX);

  return {
    async scan() {
      const before = seen;
      const now = new Map<string, Seen>();
      const result: ScanResult = { entries: [], overflowed: false, skipped: [] };

      const skip = (path: string) => {
        if (result.skipped.length < NAMED_SKIPPED) result.skipped.push(path);
      };

      const visitFile = async (path: string) => {
        if (!workspacePathSchema.safeParse(path).success) return skip(path);
        const absolute = join(workspace, path);
        const stats = await lstat(absolute, { bigint: true });
        if (!stats.isFile()) return;
        if (stats.size > BigInt(maximumFileBytes)) return skip(path);
        const fingerprint = fingerprintOf(stats);
        const known = before.get(path);
        const fresh = known?.settled && known.fingerprint === fingerprint ? known : await look(absolute);
        now.set(path, fresh);
        result.entries.push({
          path,
          hash: fresh.hash,
          size: Number(stats.size),
          mode: Number(stats.mode & 0o7777n),
          modifiedAt: new Date(Number(stats.mtimeMs)).toISOString(),
        });
      };

      let folders = 0;
      const visitFolder = async (folder: string): Promise<void> => {
        folders += 1;
        if (folders > MOST_FOLDERS) {
          result.overflowed = true;
          return;
        }
        options.onFolder?.(join(workspace, folder));
        const found = await readdir(join(workspace, folder), { withFileTypes: true });
        found.sort((left, right) => (left.name < right.name ? -1 : 1));
        for (const entry of found) {
          if (isLeftOut(entry.name)) continue;
          const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
          if (result.entries.length >= maximumFiles) {
            result.overflowed = true;
            return;
          }
          if (entry.isDirectory()) await visitFolder(path).catch(ignoreVanished);
          else if (entry.isFile()) await visitFile(path).catch(ignoreVanished);
        }
      };

      await visitFolder('').catch(ignoreVanished);
      seen = now;
      result.entries.sort((left, right) => (left.path < right.path ? -1 : 1));
      return result;
    },
  };
}

const fingerprintOf = (stats: BigIntStats): string =>
  [stats.dev, stats.ino, stats.size, stats.mode, stats.mtimeNs, stats.ctimeNs].join(':');

async function look(path: string): Promise<Seen> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await file.stat({ bigint: true });
    const hash = createHash('sha256');
    for await (const chunk of file.createReadStream({ autoClose: false })) hash.update(chunk as Buffer);
    const changedAt = Math.max(Number(stats.ctimeMs), Number(stats.mtimeMs));
    return {
      fingerprint: fingerprintOf(stats),
      hash: hash.digest('hex'),
      settled: Math.abs(Date.now() - changedAt) > COARSEST_CLOCK_MS,
    };
  } finally {
    await file.close();
  }
}

/** What vanished, or may not be read, while it was looked at is not there; the next scan sees what has become of it. */
function ignoreVanished(error: unknown): void {
  const code = (error as NodeJS.ErrnoException).code;
  const expected = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENXIO', 'ENAMETOOLONG', 'EIO'];
  if (!code || !expected.includes(code)) throw error;
}
