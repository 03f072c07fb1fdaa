import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder for the sandboxes of a test file, removed when it is done. */
export function sandboxDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'agent-sandboxes-'));
  afterAll(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
