/**
 * Checks the package in the current folder as its consumers get it: the packed tarball, not the sources.
 * Run by turbo as `check:package`, after the build.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { capture } from './run.ts';

/** These belong to the workspace; a consumer's npm knows none of them. */
const workspaceOnly = ['workspace:', 'catalog:', '@hhopkins/source'];

const folder = mkdtempSync(join(tmpdir(), 'check-package-'));
try {
  capture('pnpm', ['pack', '--pack-destination', folder]);
  const tarball = join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? 'no tarball');
  const problems = [
    ...contentProblems(tarball),
    ...dependencyProblems(tarball),
    ...(await publintProblems(tarball)),
  ];
  for (const problem of problems) console.error(problem);
  capture('attw', ['--profile', 'esm-only', '--format', 'ascii', tarball]);
  if (problems.length > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function contentProblems(tarball: string): string[] {
  const files = capture('tar', ['-tzf', tarball]).split('\n');
  const manifest = capture('tar', ['-xzOf', tarball, 'package/package.json']);
  return [
    ...['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts']
      .filter((file) => !files.includes(`package/${file}`))
      .map((file) => `the tarball lacks ${file}`),
    ...workspaceOnly
      .filter((word) => manifest.includes(word))
      .map((word) => `the packed package.json still says "${word}": give the field under publishConfig`),
  ];
}

/** Code and declarations alike: what is not declared is there in this workspace, and missing at the consumer's. */
function dependencyProblems(tarball: string): string[] {
  const { name, dependencies, peerDependencies } = JSON.parse(
    capture('tar', ['-xzOf', tarball, 'package/package.json']),
  ) as { name: string } & Partial<Record<'dependencies' | 'peerDependencies', Record<string, string>>>;
  const declared = new Set([name, ...Object.keys({ ...dependencies, ...peerDependencies })]);
  const code = capture('tar', ['-xzOf', tarball, '--wildcards', 'package/dist/*.js', 'package/dist/*.d.ts']);
  const imports = code.matchAll(/^(?:import|export|\})[^'";]*(?:from |import )['"]([^'".][^'"]*)['"];?$/gm);
  const packages = [...imports].map(([, path = '']) =>
    path.split('/', path.startsWith('@') ? 2 : 1).join('/'),
  );
  return [...new Set(packages)]
    .filter((each) => !isBuiltin(each) && !declared.has(each))
    .map((each) => `it imports ${each}, which is not among its dependencies`);
}

async function publintProblems(tarball: string): Promise<string[]> {
  const { buffer } = new Uint8Array(readFileSync(tarball));
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  return messages
    .filter(({ type }) => type !== 'suggestion')
    .map((message) => `publint: ${formatMessage(message, pkg)}`);
}
