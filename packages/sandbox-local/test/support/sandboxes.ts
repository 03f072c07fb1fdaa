import { setTimeout as wait } from 'node:timers/promises';
import type { Sandbox, SandboxProvider, SandboxSpec } from '@hhopkins/agent-core';
import { finish } from '@hhopkins/agent-testkit/sandbox';
import { onTestFinished } from 'vitest';

/** A sandbox for one test, terminated when it is done. */
export async function sandboxOf(
  provider: SandboxProvider,
  spec: Partial<SandboxSpec> = {},
): Promise<Sandbox> {
  const labels = { deployment: 'test', session: 'test', nonce: 'test' };
  const sandbox = await provider.create({ labels, network: 'none', ...spec });
  onTestFinished(() => sandbox.terminate());
  return sandbox;
}

/** What a shell script says, both outputs together. */
export async function shell(sandbox: Sandbox, script: string): Promise<string> {
  const { stdout } = await finish(await sandbox.exec(['sh', '-c', `exec 2>&1; ${script}`]));
  return stdout.toString().trim();
}

/** Resolves when the condition holds, rejects when it does not within the deadline. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 10_000,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`It did not come true within ${deadlineMs} ms`);
    await wait(10);
  }
}
