import { type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { SandboxSpec } from '@hhopkins/agent-core';
import type { ForeignSandbox } from '@hhopkins/agent-testkit/sandbox';

/** A sandbox made by another OS process, which can be killed. @param inherited descriptors that it has open beside its own */
export async function createElsewhere(
  kind: 'plain' | 'bubblewrap',
  directory: string,
  spec: SandboxSpec,
  inherited: readonly number[] = [],
): Promise<ForeignSandbox> {
  const script = join(import.meta.dirname, 'creator.ts');
  const stdio: StdioOptions = ['pipe', 'pipe', 'inherit', ...inherited];
  const child = spawn(
    process.execPath,
    ['--conditions=@hhopkins/source', script, JSON.stringify({ kind, directory, spec })],
    { stdio },
  );
  const exited = once(child, 'exit');
  const ready = once(child.stdout as Readable, 'data').then(([line]) => String(line).trim());
  const sandboxId = await Promise.race([
    ready,
    exited.then(() => Promise.reject(new Error('It did not start'))),
  ]);
  return {
    sandboxId,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
