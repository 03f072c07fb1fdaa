import { spawn } from 'node:child_process';

export interface CommandResult {
  code: number | null;
  /** Both streams, as they came. */
  output: string;
}

const DEADLINE_MS = 240_000;

/** What the test run itself was started with is no business of the programs under test. */
const OWN_VARIABLES = /^(VITEST|NODE_ENV$|NODE_OPTIONS$|TEST$|npm_(?!config_))/;

const inherited = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !OWN_VARIABLES.test(name)));

/** Runs a command to its end; it is ended when that takes too long. */
export function command(cwd: string, file: string, ...parameters: string[]): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, parameters, {
      cwd,
      env: inherited(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: DEADLINE_MS,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** Runs a command that must succeed; rejects with what it printed. */
export async function demand(cwd: string, file: string, ...parameters: string[]): Promise<string> {
  const { code, output } = await command(cwd, file, ...parameters);
  if (code === 0) return output;
  throw new Error(`${file} ${parameters.join(' ')} ended with ${code}:\n${output}`);
}
