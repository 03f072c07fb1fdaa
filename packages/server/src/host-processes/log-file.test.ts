import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { boundLog, lastLine, openLog } from './log-file.ts';

const TOO_MUCH = 'x'.repeat(3 * 1024 * 1024);

async function makeLog(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'log-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'test.log');
}

it('what is too much goes to the older log while a process goes on writing', async () => {
  const path = await makeLog();
  const writer = await openLog(path);
  await writer.write(TOO_MUCH);
  await boundLog(path);
  await writer.write('after\n');
  await writer.close();
  expect(await readFile(path, 'utf8')).toBe('after\n');
  expect((await stat(`${path}.1`)).size).toBe(TOO_MUCH.length);
});

it('what is not too much stays', async () => {
  const path = await makeLog();
  await writeFile(path, 'before\n');
  await boundLog(path);
  const writer = await openLog(path);
  await writer.write('after\n\n');
  await writer.close();
  expect(await readFile(path, 'utf8')).toBe('before\nafter\n\n');
  expect(await lastLine(path)).toBe('after');
});

it('a log that is too large is put aside when it is opened again', async () => {
  const path = await makeLog();
  await writeFile(path, TOO_MUCH);
  await (await openLog(path)).close();
  expect((await stat(path)).size).toBe(0);
  expect((await stat(`${path}.1`)).size).toBe(TOO_MUCH.length);
});

it('a log that is not there has no last line', async () => {
  expect(await lastLine(await makeLog())).toBeUndefined();
});
