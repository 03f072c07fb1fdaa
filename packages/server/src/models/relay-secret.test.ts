import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadRelaySecret } from './relay-secret.ts';

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'secret-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('the secret', () => {
  it('is made once, for the own user alone, and is the same ever after', async () => {
    const folder = await makeFolder();
    const file = join(folder, 'deep', 'secret');
    const secret = await loadRelaySecret(file);
    expect(await loadRelaySecret(file)).toEqual(secret);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, 'deep'))).toEqual(['secret']);
  });

  it('is one for all servers that start at once', async () => {
    const file = join(await makeFolder(), 'secret');
    const secrets = await Promise.all(Array.from({ length: 8 }, () => loadRelaySecret(file)));
    expect(new Set(secrets.map((secret) => secret.toString('hex'))).size).toBe(1);
  });

  it('is closed to others when somebody has opened it', async () => {
    const file = join(await makeFolder(), 'secret');
    await loadRelaySecret(file);
    await chmod(file, 0o644);
    await loadRelaySecret(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('is not taken from a file of another size', async () => {
    const file = join(await makeFolder(), 'secret');
    await writeFile(file, 'short');
    await expect(loadRelaySecret(file)).rejects.toMatchObject({ code: 'invalid_configuration' });
  });
});
