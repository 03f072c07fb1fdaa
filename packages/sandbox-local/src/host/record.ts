import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxExit, SandboxLayout } from '@hhopkins/agent-core';
import { EXIT_FILE } from '../init/settings.ts';
import type { SandboxFolders } from './folders.ts';
import type { ProcessIdentity } from './process-identity.ts';

const EXIT_FILE_LIMIT = 4096;

/** What is kept on disk of a sandbox, so that any later server knows it. Written before its first process starts. */
export interface SandboxRecord {
  version: 1;
  id: string;
  provider: string;
  labels: Readonly<Record<string, string>>;
  /** ISO 8601. */
  createdAt: string;
  layout: SandboxLayout;
  /** Control group folders that hold its limits. */
  controlGroups: string[];
  /** Lives exactly as long as the sandbox. Absent until it has started. */
  main?: ProcessIdentity | undefined;
  /** Ending this one ends everything in the sandbox; absent where nothing has that effect. */
  root?: ProcessIdentity | undefined;
  exit?: SandboxExit | undefined;
}

export async function writeRecord(folders: SandboxFolders, record: SandboxRecord): Promise<void> {
  const draft = `${folders.record}.new`;
  await writeFile(draft, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, folders.record);
}

/** Null when there is none, or none that this version wrote. */
export function readRecord(folders: SandboxFolders): SandboxRecord | null {
  try {
    const record = JSON.parse(readFileSync(folders.record, 'utf8')) as SandboxRecord;
    return record.version === 1 ? record : null;
  } catch {
    return null;
  }
}

/** How the sandbox says that it ended itself. Lies in a folder writable from inside, so nothing about it is trusted. */
export function readOwnExit(folders: SandboxFolders): SandboxExit | undefined {
  let descriptor: number | undefined;
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    descriptor = openSync(join(folders.socket, EXIT_FILE), flags);
    if (!fstatSync(descriptor).isFile()) return undefined;
    const content = Buffer.alloc(EXIT_FILE_LIMIT);
    const length = readSync(descriptor, content, 0, content.length, 0);
    const said = JSON.parse(content.toString('utf8', 0, length)) as { reason?: unknown };
    return said.reason === 'terminated' ? { code: 0, reason: 'terminated' } : undefined;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
