import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Manifest {
  name: string;
  license?: string;
  type?: string;
  engines?: { node?: string };
  exports: Record<string, string | Record<string, string>>;
  bin?: Record<string, string>;
  publishConfig?: { access?: string; exports?: unknown };
}

const root = join(import.meta.dirname, '../../..');
const packages = globSync('packages/*/package.json', { cwd: root }).map((file) => {
  const manifest = JSON.parse(readFileSync(join(root, file), 'utf8')) as Manifest;
  return { folder: join(root, file, '..'), manifest, name: manifest.name };
});

describe.each(packages)('the manifest of $name', ({ folder, manifest }) => {
  it('publishes its exports without the source condition', () => {
    const published = Object.entries(manifest.exports).map(([entry, target]) => {
      if (typeof target === 'string') return [entry, target];
      const { '@hhopkins/source': _source, ...rest } = target;
      return [entry, rest];
    });
    expect(manifest.publishConfig?.exports).toEqual(Object.fromEntries(published));
  });

  it('has a source behind every entry', () => {
    const sources = Object.values(manifest.exports).flatMap((target) =>
      typeof target === 'string' ? [] : [target['@hhopkins/source']],
    );
    expect(sources.filter((source) => !source || !existsSync(join(folder, source)))).toEqual([]);
  });

  it('is open, public, ESM and says which Node it needs', () => {
    expect(manifest).toMatchObject({
      license: 'MIT',
      type: 'module',
      publishConfig: { access: 'public' },
      engines: { node: expect.stringMatching(/^>=(20\.19|22\.13)$/) },
    });
  });
});
