import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import type { Sabotage } from './sabotage.ts';

const VOLATILE = join(import.meta.dirname, 'programs/volatile-files.ts');

/** What is changed in the runner's sources as they are bundled: a module, what it says, and what it says instead. */
interface Patch {
  module: RegExp;
  from: string;
  to: string;
}

const PATCHES: Partial<Record<Sabotage, readonly Patch[]>> = {
  'skip-fsync': [
    {
      module: /runner\/src\/journal\/writer\.ts$/,
      from: "import { type FileHandle, open } from 'node:fs/promises'",
      to: `import { type FileHandle, open } from ${JSON.stringify(VOLATILE)}`,
    },
    {
      module: /runner\/src\/journal\/recover\.ts$/,
      from: 'export async function recoverJournals(folder: string): Promise<RecoveredJournals> {',
      to: `export async function recoverJournals(folder: string): Promise<RecoveredJournals> {
  (await import(${JSON.stringify(VOLATILE)})).loseUnsynced(folder);`,
    },
    { module: /runner\/src\/journal\/writer\.ts$/, from: 'await handle.datasync();', to: '' },
  ],
  'no-fence': [
    {
      module: /runner\/src\/serve\/epoch\.ts$/,
      from: 'if (epoch < highest) return false;',
      to: 'if (epoch <= highest) return true;',
    },
    {
      module: /runner\/src\/serve\/connection\.ts$/,
      from: 'if (frame.epoch < parts.epochs.highest)',
      to: 'if (false)',
    },
    {
      module: /runner\/src\/serve\/serve\.ts$/,
      from: 'if (each.epoch > 0 && each.epoch < epoch)',
      to: 'if (false)',
    },
  ],
  'no-reconcile': [
    {
      module: /runner\/src\/supervisor\/recovery\.ts$/,
      from: 'const { inbox, journal, processes } = parts;',
      to: 'const { inbox, journal, processes } = parts;\n  if (parts) return null;',
    },
  ],
};

/** Patches the runner as it is bundled. A patch that finds nothing to change fails the build: it would prove nothing. */
export function sabotageRunner(sabotage: Sabotage | null): Plugin[] {
  const patches = (sabotage && PATCHES[sabotage]) ?? [];
  if (patches.length === 0) return [];
  return [
    {
      name: `sabotage-${sabotage}`,
      setup(build) {
        build.onLoad({ filter: /packages\/runner\/src\/.*\.ts$/ }, async ({ path }) => {
          const due = patches.filter(({ module }) => module.test(path));
          if (due.length === 0) return undefined;
          let contents = await readFile(path, 'utf8');
          for (const { from, to } of due) {
            if (!contents.includes(from)) throw new Error(`${path} no longer says: ${from}`);
            contents = contents.replace(from, to);
          }
          return { contents, loader: 'ts' };
        });
      },
    },
  ];
}
