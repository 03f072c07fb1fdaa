import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

/**
 * Makes the one file that runs inside sandboxes. It replaces the old one as a whole, so that whoever starts it meanwhile
 * gets one or the other.
 *
 * @returns the source files that went into it, relative to the package
 */
export async function buildBundle(
  outfile: string = join(root, 'dist', 'agent-runner.mjs'),
): Promise<string[]> {
  const draft = `${outfile}.${process.pid}.tmp`;
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/bin.ts'],
    outfile: draft,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    conditions: ['@hhopkins/source'],
    // Proprietary: it is installed by the user and found at run time.
    external: ['@anthropic-ai/*'],
    define: { __RUNNER_VERSION__: JSON.stringify(version) },
    legalComments: 'inline',
    metafile: true,
    logLevel: 'warning',
  });
  renameSync(draft, outfile);
  return Object.keys(metafile.inputs);
}

if (import.meta.main) await buildBundle();
