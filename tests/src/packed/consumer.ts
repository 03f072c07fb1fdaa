import { realpathSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CommandResult, command, demand } from './command.ts';
import { packAll, root } from './packages.ts';

const SDK = '@anthropic-ai/claude-agent-sdk';

/** How a user writes TypeScript: every parameter typed, or none (`noImplicitAny: false`). */
export type Style = 'strict' | 'loose';

/** A project of somebody who installed the packages. It knows nothing of this workspace. */
export interface Consumer {
  readonly folder: string;
  /** A working directory in which the Claude Agent SDK is installed. */
  readonly withClaude: string;
  /** How compiling the project ended. */
  readonly compiled: Readonly<Record<Style, CommandResult>>;
  /** A program of `consumer/strict`, as compiled with the store of a style. */
  program(style: Style, name: string): string;
  remove(): Promise<void>;
}

/** Packs everything and installs it with npm in an empty folder. */
export async function createConsumer(): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), 'packed-'));
  const withClaude = join(folder, 'with-claude');
  try {
    const tarballs = await packAll(await made(join(folder, 'tarballs')));
    await writeManifest(folder, tarballs);
    await demand(folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error');
    await cp(join(import.meta.dirname, 'consumer'), folder, { recursive: true });
    await cp(join(folder, 'strict/quick-start.ts'), join(folder, 'loose/quick-start.ts'));
    // The workspace's copies stand in for what the user would install besides.
    await link('@types/node', folder);
    await link(SDK, withClaude);
    const [strict, loose] = await Promise.all([
      compile(folder, 'tsconfig.json'),
      compile(folder, 'tsconfig.loose.json'),
    ]);
    return {
      folder,
      withClaude,
      compiled: { strict, loose },
      program: (style, name) => join(folder, 'out', style, `${name}.js`),
      remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

const compile = (folder: string, configuration: string): Promise<CommandResult> =>
  command(
    folder,
    process.execPath,
    join(root, 'node_modules/typescript/bin/tsc'),
    '--project',
    configuration,
  );

/** Packages of ours come from the tarballs, also where they depend on each other; all else comes by npm as ever. */
async function writeManifest(folder: string, tarballs: ReadonlyMap<string, string>): Promise<void> {
  const manifest = {
    name: 'my-product',
    private: true,
    type: 'module',
    dependencies: Object.fromEntries([...tarballs].map(([name, file]) => [name, `file:${file}`])),
    overrides: Object.fromEntries([...tarballs.keys()].map((name) => [name, `$${name}`])),
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
}

async function link(name: string, project: string): Promise<void> {
  const target = join(project, 'node_modules', name);
  await mkdir(dirname(target), { recursive: true });
  await symlink(realpathSync(join(root, 'node_modules', name)), target);
}

async function made(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  return folder;
}
