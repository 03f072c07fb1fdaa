import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpackTar } from 'modern-tar';
import { afterEach, describe, expect, it } from 'vitest';
import { programIn } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'agent-runner-program-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the runner program', () => {
  it('is a folder with one file that Node runs, and an archive of it', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'agent-runner.mjs'), 'console.log("runner")');
    writeFileSync(join(folder, 'index.js'), 'not needed');
    const program = programIn(folder);
    expect(readFileSync(join(program.folder, program.entry), 'utf8')).toContain('runner');
    const entries = await unpackTar(await program.archive());
    expect(entries.map(({ header }) => header.name)).toEqual([program.entry]);
    expect(Buffer.from(entries[0]?.data ?? []).toString()).toBe('console.log("runner")');
  });

  it('that was not built says what to run', () => {
    expect(() => programIn(join(folder, 'empty'))).toThrow(
      expect.objectContaining({
        code: 'package_not_installed',
        message: expect.stringContaining('build:bundle'),
      }),
    );
  });
});
