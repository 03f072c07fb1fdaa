import { chmod, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { relayDirectory } from './relay-directory.ts';

const LONG = `/data/${'x'.repeat(120)}`;

async function makeTemporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'd-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('the folder of the relay', () => {
  it('is the one wanted when its path is short enough for a socket', async () => {
    expect(await relayDirectory('/data/relay')).toBe('/data/relay');
  });

  it('is otherwise a temporary one, always the same and of its own', async () => {
    const temporary = await makeTemporary();
    const [first, again, other] = [
      await relayDirectory(LONG, temporary),
      await relayDirectory(LONG, temporary),
      await relayDirectory(`${LONG}2`, temporary),
    ];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect((await stat(first)).mode & 0o777).toBe(0o711);
  });

  it('is not one that somebody else may write to', async () => {
    const temporary = await makeTemporary();
    const folder = await relayDirectory(LONG, temporary);
    await chmod(folder, 0o777);
    await expect(relayDirectory(LONG, temporary)).rejects.toMatchObject({ code: 'invalid_configuration' });
  });

  it('is not one that somebody else has laid a link to', async () => {
    const temporary = await makeTemporary();
    const folder = await relayDirectory(LONG, temporary);
    await rm(folder, { recursive: true });
    await mkdir(join(temporary, 'elsewhere'), { mode: 0o711 });
    await symlink(join(temporary, 'elsewhere'), folder);
    await expect(relayDirectory(LONG, temporary)).rejects.toMatchObject({ code: 'invalid_configuration' });
  });

  it('says so when the temporary one is too long as well', async () => {
    await expect(relayDirectory(LONG, LONG)).rejects.toMatchObject({ code: 'invalid_configuration' });
  });
});
