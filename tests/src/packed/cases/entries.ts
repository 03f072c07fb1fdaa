import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { command } from '../command.ts';
import type { Consumer } from '../consumer.ts';
import { type NodeRuntime, noOldNode, oldNode, ownNode } from '../nodes.ts';
import { type Manifest, manifests } from '../packages.ts';

/** What a browser loads: their root entries. */
const IN_BROWSERS = ['@hhopkins/agent-protocol', '@hhopkins/agent-converters', '@hhopkins/agent-core'];

/** Programs: to import one is to run it. */
const PROGRAMS = new Set(['./bin']);

export function describeEntries(consumer: () => Consumer): void {
  describe('every entry of every package', () => {
    it(`is imported and required by ${ownNode.name}`, () => loads(consumer(), ownNode, manifests));

    it.skipIf(!oldNode)(
      oldNode ? `is imported and required by ${oldNode.name}, where the package is for it` : noOldNode,
      () =>
        loads(
          consumer(),
          oldNode as NodeRuntime,
          manifests.filter(({ engines }) => engines.node === '>=20.19'),
        ),
    );
  });

  describe.each(IN_BROWSERS)('%s', (name) => {
    it('is bundled for browsers without anything of Node', async () => {
      const { metafile } = await build({
        stdin: { contents: `export * from '${name}';`, resolveDir: consumer().folder },
        bundle: true,
        format: 'esm',
        platform: 'browser',
        write: false,
        metafile: true,
        logLevel: 'silent',
      });
      expect(Object.keys(metafile.inputs)).toContainEqual(
        expect.stringContaining(`node_modules/${name}/dist/index.js`),
      );
    });
  });
}

/** Every entry in one process: what each exports, or why it could not be loaded. */
async function loads(consumer: Consumer, node: NodeRuntime, packages: readonly Manifest[]): Promise<void> {
  const entries = packages.flatMap(({ name, exports }) =>
    Object.keys(exports)
      .filter((entry) => !entry.endsWith('.json') && !PROGRAMS.has(entry))
      .map((entry) => name + entry.slice(1)),
  );
  const script = join(consumer.folder, `load-${crypto.randomUUID()}.mjs`);
  await writeFile(script, loader(entries));
  const { code, output } = await command(consumer.folder, node.file, '--no-warnings', script);
  await rm(script);
  expect({ code, output }).toMatchObject({ code: 0 });
  const loaded = Object.entries(entries);
  expect(loaded.length).toBeGreaterThanOrEqual(packages.length);
  expect(JSON.parse(output)).toEqual(
    Object.fromEntries(entries.map((entry) => [entry, 'the same either way'])),
  );
}

const loader = (entries: readonly string[]): string => `
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const outcomes = {};
for (const entry of ${JSON.stringify(entries)}) {
  try {
    const [imported, required] = [await import(entry), require(entry)];
    const names = (module) => Object.keys(module).sort().join();
    outcomes[entry] = names(imported) === names(required) ? 'the same either way' : names(required);
  } catch (error) {
    outcomes[entry] = String(error);
  }
}
console.log(JSON.stringify(outcomes));
`;
