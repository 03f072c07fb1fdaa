import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const bin = fileURLToPath(new URL('../src/bin.ts', import.meta.url));

function start(...parameters: string[]): ChildProcess {
  const child = spawn(process.execPath, [bin, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) return line;
  throw new Error('The simulator ended without a line.');
}

it('prints where it listens, answers there, and ends on SIGTERM', async () => {
  const child = start('--port', '0');
  const { url, port } = JSON.parse(await firstLine(child)) as { url: string; port: number };
  expect(url).toBe(`http://127.0.0.1:${port}`);
  expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ pid: child.pid });
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it('ends by itself when nobody asks for anything', async () => {
  const child = start('--orphan-ttl-ms', '200');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it('refuses a wrong option with one clear line', async () => {
  const child = start('--port', '70000');
  const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
  const [[line], [code]] = await Promise.all([once(lines, 'line'), once(child, 'exit')]);
  expect(line).toBe('agent-simulator: --port must be a number from 0 to 65535, not "70000".');
  expect(code).toBe(1);
});
