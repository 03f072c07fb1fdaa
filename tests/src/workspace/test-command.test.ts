import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');

function testCommand(...args: string[]) {
  const { VITEST: _vitest, VITEST_POOL_ID: _pool, VITEST_WORKER_ID: _worker, ...environment } = process.env;
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: environment,
    timeout: 60_000,
  });
  return { status, output: stdout + stderr };
}

it('runs the tests that the arguments name', () => {
  const { status, output } = testCommand('--project', 'scenarios', 'workspace/manifests');
  expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining('passed') });
});

it.each([
  ['a project that does not exist', ['--project', 'no-such-package']],
  ['a file that does not exist', ['no-such-file']],
  ['a name that no test has', ['--project', 'scenarios', 'workspace/manifests', '-t', 'no such test']],
])(
  'fails when the arguments name %s',
  (_, args) => {
    expect(testCommand(...args).status).toBe(1);
  },
  90_000,
);
