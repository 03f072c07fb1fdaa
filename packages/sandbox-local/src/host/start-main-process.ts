import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { AgentServerError } from '@hhopkins/agent-protocol';
import type { InitSettings } from '../init/settings.ts';
import type { Command } from '../kind.ts';

const SAID_LINES = 8;
const SAID_CHARACTERS = 4096;

/**
 * Starts the main process and waits until it says that it serves. It belongs to no one afterwards: it has a session of its
 * own, no file of this process open, and lives on when this process dies. Rejects with `sandbox_unavailable` and what it
 * said last.
 */
export async function startMainProcess(
  command: Command,
  settings: InitSettings | null,
  timeoutMs: number,
): Promise<ChildProcess> {
  const files = command.files.map(({ path, flags }) => openSync(path, flags, 0o600));
  const [file, ...parameters] = command.argv;
  let child: ChildProcess;
  try {
    child = spawn(file, parameters, {
      cwd: '/',
      env: { ...command.environment },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', ...files],
    });
  } finally {
    for (const descriptor of files) closeSync(descriptor);
  }
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID_CHARACTERS);
  });
  child.stdin?.on('error', () => {});
  child.stdin?.end(JSON.stringify(settings));
  try {
    await readiness(child, timeoutMs);
  } catch (cause) {
    if (child.pid !== undefined) child.kill('SIGKILL');
    const lines = said.split('\n').filter(Boolean).slice(-SAID_LINES);
    throw new AgentServerError(
      'sandbox_unavailable',
      [`The sandbox did not start: ${(cause as Error).message}.`, ...lines].join('\n'),
      { cause },
    );
  } finally {
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.unref();
  }
  return child;
}

function readiness(child: ChildProcess, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve();
    };
    const timer = setTimeout(() => settle(new Error(`it was not ready within ${timeoutMs} ms`)), timeoutMs);
    child.once('error', (error) => settle(error));
    child.once('close', (code, signal) =>
      settle(new Error(`it ended at once with ${signal ?? `code ${code}`}`)),
    );
    child.stdout?.once('data', () => settle());
  });
}
