import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const runner = join(import.meta.dirname, '../../packages/runner');

/** Builds the runner from its sources into a folder of this run, so that nobody else's build changes it meanwhile. */
export async function buildRunner(folder: string, plugins: readonly Plugin[] = []): Promise<void> {
  await build({
    absWorkingDir: runner,
    entryPoints: ['src/bin.ts'],
    outfile: join(folder, 'agent-runner.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    conditions: ['@hhopkins/source'],
    external: ['@anthropic-ai/*'],
    plugins: [...plugins],
    logLevel: 'warning',
  });
  // Sandboxes run it as another user.
  await chmod(folder, 0o755);
}
