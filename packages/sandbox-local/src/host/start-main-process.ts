import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { AgentServerError } from '@hhopkins/agent-protocol';
import type { InitSettings } from '../init/settings.ts';
import type { Command } from '../kind.ts';
import type { SandboxFolders } from './folders.ts';

const LOG_TAIL_LINES = 8;
const LOG_TAIL_BYTES = 4096;

/**
 * Starts the main process and waits until its init serves. The process belongs to no one afterwards: it has a session of
 * its own and lives on when this process dies. Rejects with `sandbox_unavailable` and what it said last.
 */
export async function startMainProcess(
  command: Command,
  folders: SandboxFolders,
  settings: InitSettings | null,
  timeoutMs: number,
): Promise<ChildProcess> {
  const log = openSync(folders.log, 'a', 0o600);
  const files = command.files.map(({ path, flags }) => openSync(path, flags, 0o600));
  const [file, ...parameters] = command.argv;
  let child: ChildProcess;
  try {
    child = spawn(file, parameters, {
      cwd: '/',
      env: { ...command.environment },
      detached: true,
      stdio: ['pipe', 'pipe', log, ...files],
    });
  } finally {
    for (const descriptor of [log, ...files]) closeSync(descriptor);
  }
  child.stdin?.on('error', () => {});
  child.stdin?.end(JSON.stringify(settings));
  try {
    await readiness(child, timeoutMs);
  } catch (cause) {
    if (child.pid !== undefined) child.kill('SIGKILL');
    throw new AgentServerError(
      'sandbox_unavailable',
      [`The sandbox did not start: ${(cause as Error).message}.`, ...logTail(folders)].join('\n'),
      { cause },
    );
  }
  child.stdout?.destroy();
  child.unref();
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

/** The last lines that the main process and what starts it said. */
export function logTail(folders: SandboxFolders): string[] {
  try {
    const text = readFileSync(folders.log).subarray(-LOG_TAIL_BYTES).toString();
    return text.split('\n').filter(Boolean).slice(-LOG_TAIL_LINES);
  } catch {
    return [];
  }
}
