import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile, documentOf } from './compile.ts';

const root = join(import.meta.dirname, '../../..');

const documents = globSync(
  ['README.md', 'PROTOCOL.md', 'docs/**/*.md', '{packages,apps,examples}/*/README.md'],
  { cwd: root },
)
  .sort()
  .map((path) => documentOf(path, readFileSync(join(root, path), 'utf8')));
const shown = documents.filter(({ snippets }) => snippets > 0);

const wrong = documentOf(
  'packages/server/WRONG.md',
  ['Text', '```ts', "import { Missing } from '@hhopkins/agent-server';", '```'].join('\n'),
);

/** One compiler for all of them, on two busy cores. */
const COMPILE_MS = 120_000;

describe('the snippets of the documentation', () => {
  let problems: Map<string, string[]>;
  beforeAll(() => {
    problems = compile([...shown, wrong]);
  }, COMPILE_MS);

  it.each(shown)('compile in $path', ({ path }) => {
    expect(problems.get(path)).toEqual([]);
  });

  it('stand in the README of every package', () => {
    const packages = globSync('packages/*/package.json', { cwd: root }).map((file) =>
      file.replace('package.json', 'README.md'),
    );
    expect(packages.filter((file) => !shown.some(({ path }) => path === file))).toEqual([]);
  });

  it('are found to be wrong when they are', () => {
    expect(problems.get(wrong.path)).toEqual([
      expect.stringMatching(/WRONG\.md:3 .*no exported member 'Missing'/),
    ]);
  });
});
