import { globSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { demand } from './command.ts';

export const root = join(import.meta.dirname, '../../..');

export interface Manifest {
  name: string;
  version: string;
  exports: Record<string, unknown>;
  engines: { node: string };
  bin?: Record<string, string>;
  dependencies?: Record<string, string>;
}

/** The manifests of everything that is published. */
export const manifests: readonly Manifest[] = globSync('packages/*/package.json', { cwd: root })
  .sort()
  .map((file) => JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest);

/**
 * Builds every package, which turbo does only for what has changed, and packs each as publishing would.
 *
 * @returns the tarballs by package
 */
export async function packAll(destination: string): Promise<Map<string, string>> {
  await demand(
    root,
    join(root, 'node_modules/.bin/turbo'),
    'run',
    'build',
    '--filter=./packages/*',
    '--output-logs=errors-only',
  );
  await demand(
    root,
    'pnpm',
    '--recursive',
    '--filter=./packages/*',
    'pack',
    `--pack-destination=${destination}`,
  );
  const files = new Set(await readdir(destination));
  return new Map(
    manifests.map(({ name, version }) => {
      const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
      if (!files.has(file)) throw new Error(`${name} was not packed as ${file}`);
      return [name, join(destination, file)];
    }),
  );
}
