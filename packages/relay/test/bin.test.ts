import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { connectControl, RELAY_PROGRAM, relayPlaces } from '../src/index.ts';
import { makeFolder } from './support/scene.ts';

function start(...parameters: string[]): ChildProcess {
  const argv = ['--conditions=@hhopkins/source', RELAY_PROGRAM, ...parameters];
  const child = spawn(process.execPath, argv, { env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function firstLine(stream: NodeJS.ReadableStream | null): Promise<string> {
  for await (const line of createInterface({ input: stream as NodeJS.ReadableStream })) return line;
  throw new Error('The relay ended without a line.');
}

it('says when it listens, and ends on SIGTERM', async () => {
  const directory = await makeFolder();
  const child = start('--directory', directory);
  expect(JSON.parse(await firstLine(child.stdout))).toEqual({ pid: child.pid });
  const control = await connectControl({ path: relayPlaces(directory).control });
  expect(control.hello.pid).toBe(child.pid);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  await control.closed;
});

it('takes the place of one that was killed', async () => {
  const directory = await makeFolder();
  const killed = start('--directory', directory);
  await firstLine(killed.stdout);
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  const child = start('--directory', directory);
  expect(JSON.parse(await firstLine(child.stdout))).toEqual({ pid: child.pid });
});

it('ends by itself when nobody connects', async () => {
  const child = start('--directory', await makeFolder(), '--orphan-ttl-ms', '100');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it.each([
  [[], 'agent-relay: --directory is missing. Name the folder of the sockets.'],
  [
    ['--directory', '/nowhere', '--orphan-ttl-ms', '0'],
    'agent-relay: --orphan-ttl-ms must be a whole number from 1 to 2147483647, not "0".',
  ],
])('refuses %j with one clear line', async (parameters, line) => {
  const child = start(...parameters);
  const [said, [code]] = await Promise.all([firstLine(child.stderr), once(child, 'exit')]);
  expect(said).toBe(line);
  expect(code).toBe(1);
});
