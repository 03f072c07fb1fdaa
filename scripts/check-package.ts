/**
 * Checks the package in the current folder as its consumers get it: the packed tarball, not the sources.
 * Run by turbo as `check:package`, after the build.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
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
  const problems = [...contentProblems(tarball), ...(await publintProblems(tarball))];
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

async function publintProblems(tarball: string): Promise<string[]> {
  const { buffer } = new Uint8Array(readFileSync(tarball));
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
  return messages
    .filter(({ type }) => type !== 'suggestion')
    .map((message) => `publint: ${formatMessage(message, pkg)}`);
}
