import { spawnSync } from 'node:child_process';

/** Runs a command with inherited output and the caller's time limit; throws when it fails. */
export function run(command: string, args: readonly string[], cwd = process.cwd()): void {
  const { error, status, signal } = spawnSync(command, args, { cwd, stdio: 'inherit', timeout: 900_000 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${signal ?? status}`);
}

/** Runs a command and returns what it printed; throws with its error output when it fails. */
export function capture(command: string, args: readonly string[], cwd = process.cwd()): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: 300_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
  return stdout;
}
