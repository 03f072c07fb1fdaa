import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { packTar } from 'modern-tar';

/** The runner as files that are put into a sandbox. */
export interface RunnerProgram {
  /** Host folder that holds it, for providers that can mount. */
  readonly folder: string;
  /** File in the folder that Node runs; it needs no other. */
  readonly entry: string;
  /** A tar archive with the entry, for providers that cannot mount. */
  archive(): Promise<Uint8Array>;
}

const ENTRY = 'agent-runner.mjs';

/**
 * The runner program that this package brings.
 *
 * @throws AgentServerError `package_not_installed` when it was not built
 * @example
 * const program = runnerProgram();
 * await sandbox.exec([node, `${mountedAt}/${program.entry}`, 'connect', '--state', state]);
 */
export function runnerProgram(): RunnerProgram {
  // From `dist` and from `src` alike.
  return programIn(join(import.meta.dirname, '..', 'dist'));
}

/** The program that a folder holds. */
export function programIn(folder: string): RunnerProgram {
  if (!existsSync(join(folder, ENTRY))) {
    throw new AgentServerError(
      'package_not_installed',
      `${join(folder, ENTRY)} is missing; run \`pnpm --filter @hhopkins/agent-runner build:bundle\``,
    );
  }
  return {
    folder,
    entry: ENTRY,
    async archive() {
      const body = new Uint8Array(await readFile(join(folder, ENTRY)));
      return packTar([{ header: { name: ENTRY, size: body.length, mode: 0o644 }, body }]);
    },
  };
}
