import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** Runs one of the programs beside the tests; it ends with the test at the latest. */
export function startProgram(name: string, ...programArguments: string[]) {
  const program = join(import.meta.dirname, 'programs', name);
  const child = spawn(process.execPath, ['--conditions=@hhopkins/source', program, ...programArguments], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => kill(child));
  return { child, lines: createInterface({ input: child.stdout }) };
}

/** Ends the process as a crash does, and waits until it is gone. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
