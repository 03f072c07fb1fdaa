import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { buildBundle } from '../../scripts/bundle.ts';

/** Builds the bundle for the tests of a file; the function returned tells where it is. */
export function useBundle(): () => string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-runner-bundle-'));
  const file = join(folder, 'agent-runner.mjs');
  beforeAll(async () => {
    await buildBundle(file);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return () => file;
}
