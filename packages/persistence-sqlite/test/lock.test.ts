import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sqlitePersistence } from '../src/index.ts';
import { kill, startProgram } from './child.ts';
import { fileForTest } from './temporary-store.ts';

function openForTest(file: string) {
  const persistence = sqlitePersistence({ file });
  onTestFinished(() => persistence.close());
  return persistence;
}

describe('one server a file', () => {
  test('a second one in the same process is told file and process', async () => {
    const file = fileForTest();
    await openForTest(file).open();
    await expect(openForTest(file).open()).rejects.toMatchObject({
      code: 'store_locked',
      message: expect.stringMatching(new RegExp(`${basename(file)} is in use by process ${process.pid} on `)),
    });
  });

  test('a refused one does not take the lock from the holder', async () => {
    const file = fileForTest();
    await openForTest(file).open();
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(openForTest(file).open()).rejects.toMatchObject({ code: 'store_locked' });
    }
    const { lines } = startProgram('hold-store.ts', file);
    expect(await once(lines, 'line')).toEqual(['store_locked']);
  });

  test('another spelling of the path is the same file', async () => {
    const file = fileForTest();
    await openForTest(file).open();
    const link = join(dirname(file), 'link.db');
    symlinkSync(file, link);
    const detour = join(dirname(file), '..', basename(dirname(file)), basename(file));
    for (const other of [link, detour]) {
      await expect(openForTest(other).open()).rejects.toMatchObject({ code: 'store_locked' });
    }
  });

  // [SERVER-store-lock]
  test('another process holds it until it dies, however it dies', async () => {
    const file = fileForTest();
    const { child, lines } = startProgram('hold-store.ts', file);
    expect(await once(lines, 'line')).toEqual(['open']);
    await expect(openForTest(file).open()).rejects.toMatchObject({
      code: 'store_locked',
      message: expect.stringContaining(`process ${child.pid}`),
    });
    await kill(child);
    await openForTest(file).open();
  });

  test('closing gives the file back, and what was closed stays closed until it is opened again', async () => {
    const file = fileForTest();
    const first = openForTest(file);
    await first.open();
    await first.close();
    const second = openForTest(file);
    await second.open();
    await expect(first.listAllSessions()).rejects.toMatchObject({ code: 'store_unavailable' });
    await second.close();
    await first.open();
    expect(await first.listAllSessions()).toEqual([]);
  });

  test('other programs may read meanwhile', async () => {
    const file = fileForTest();
    const persistence = openForTest(file);
    const deploymentId = await persistence.deploymentId();
    const reader = new DatabaseSync(file, { readOnly: true });
    onTestFinished(() => reader.close());
    expect(reader.prepare('SELECT id FROM agent_deployment').all()).toEqual([{ id: deploymentId }]);
  });
});

test('its files are readable by their owner alone', async () => {
  const file = join(dirname(fileForTest()), 'new', 'folder', 'store.db');
  const persistence = openForTest(file);
  await persistence.saveTranscript('nobody', '').catch(() => undefined);
  const modes = readdirSync(dirname(file)).map((name) => [
    name,
    (statSync(join(dirname(file), name)).mode & 0o777).toString(8),
  ]);
  expect(modes.map(([name]) => name)).toContain('store.db-wal');
  expect(modes.filter(([, mode]) => mode !== '600')).toEqual([]);
  expect(readFileSync(`${file}.pid`, 'utf8')).toContain(String(process.pid));
});

test('nothing is made on disk before the first use', async () => {
  const file = fileForTest();
  openForTest(file);
  expect(readdirSync(dirname(file))).toEqual([]);
});
