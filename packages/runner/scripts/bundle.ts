import { mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');

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
  mkdirSync(dirname(outfile), { recursive: true });
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
    legalComments: 'inline',
    metafile: true,
    logLevel: 'warning',
  });
  renameSync(draft, outfile);
  return Object.keys(metafile.inputs);
}

if (import.meta.main) await buildBundle();
