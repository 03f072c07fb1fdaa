import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { failWhenNothingRan } from './tooling/fail-when-nothing-ran.ts';

const root = import.meta.dirname;
const conditions = ['@hhopkins/source'];

// What runs inside sandboxes is one file, made from the sources under test.
execFileSync(process.execPath, [join(root, 'packages/runner/scripts/bundle.ts')], { stdio: 'inherit' });

/** One project a workspace package, named as the package. */
const projects = globSync(
  ['packages/*/package.json', 'apps/*/package.json', 'examples/*/package.json', 'tests/package.json'],
  {
    cwd: root,
  },
)
  .sort()
  .map((manifest): TestProjectInlineConfiguration => {
    const { name } = JSON.parse(readFileSync(join(root, manifest), 'utf8')) as { name: string };
    return { extends: true, root: join(root, dirname(manifest)), test: { name } };
  });

export default defineConfig({
  plugins: [failWhenNothingRan()],
  resolve: { conditions: [...conditions, 'module', 'browser', 'development|production'] },
  ssr: { resolve: { conditions: [...conditions, 'module', 'node', 'development|production'] } },
  test: {
    projects,
    include: ['{src,test}/**/*.test.{ts,tsx}'],
    // Tests wait for processes more than they compute: one core less than there are, as by default, would be one at a time.
    maxWorkers: Math.max(2, availableParallelism()),
    // Generous: waits within tests have their own deadlines, this one only ends what is stuck.
    testTimeout: 300_000,
    hookTimeout: 120_000,
    passWithNoTests: false,
  },
});
