import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** The snippet is type-checked with the package; running it would start a runner. */
export type Snippet = typeof import('./snippet.ts');

it('the README shows the snippet that is compiled with this package', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const snippet = readFileSync(join(import.meta.dirname, 'snippet.ts'), 'utf8');
  expect(readme).toContain(`\`\`\`ts\n${snippet}\`\`\``);
});
