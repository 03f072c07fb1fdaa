/**
 * Publishes every package whose version is not published yet.
 * With `--dry-run` it builds, packs and checks everything and prints what a release would be, and publishes nothing.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { capture, run } from './run.ts';

interface ReleasePlan {
  releases: { name: string; type: string; oldVersion: string; newVersion: string }[];
}

const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } } });

if (values['dry-run']) {
  run('turbo', ['run', 'build', 'check:package', '--output-logs=errors-only']);
  const releases = plannedReleases();
  for (const { name, oldVersion, newVersion } of releases)
    console.log(`${name} ${oldVersion} -> ${newVersion}`);
  console.log(`${releases.length} packages would be released; nothing was published.`);
} else {
  const pending = plannedReleases();
  if (pending.length > 0) {
    throw new Error(
      `${pending.length} packages have changesets: run "pnpm changeset version" and commit first`,
    );
  }
  if (capture('git', ['status', '--porcelain']) !== '')
    throw new Error('commit or remove local changes first');
  run('pnpm', ['run', 'check']);
  run('pnpm', ['test']);
  run('changeset', ['publish']);
}

function plannedReleases(): ReleasePlan['releases'] {
  const folder = mkdtempSync(join(tmpdir(), 'release-plan-'));
  const file = join(folder, 'plan.json');
  try {
    capture('changeset', ['status', '--output', file]);
    const plan = JSON.parse(readFileSync(file, 'utf8')) as ReleasePlan;
    return plan.releases.filter(({ type }) => type !== 'none');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
