import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Sandbox, SandboxProvider, SandboxSpec } from '@hhopkins/agent-core';
import type { CaseSetup, CaseSkips } from '../kit.ts';

/** A sandbox that another OS process made and still holds. */
export interface ForeignSandbox {
  sandboxId: string;
  /** Ends that process as `kill -9` would, and resolves when it is gone. */
  kill(): Promise<void>;
}

/** How the kit gets at a provider. */
export interface SandboxKit {
  /** Stands in the title of the suite. */
  name: string;
  /** A provider instance of its own each time; all of them see the same sandboxes. */
  createProvider(): SandboxProvider | Promise<SandboxProvider>;
  /** Gives the provider that cleans up after a case; `createProvider` when absent. Mutants leave it whole. */
  createCleaner?(): SandboxProvider | Promise<SandboxProvider>;
  /**
   * Has another OS process create a sandbox and stay alive. Without it nothing is asked of the death of the process that
   * created a sandbox.
   */
  createElsewhere?(spec: SandboxSpec): Promise<ForeignSandbox>;
  /**
   * Counts living processes whose command line contains `token`, wherever sandboxes run. By default those of this machine,
   * where `/proc` shows them.
   */
  countProcesses?(token: string): number | Promise<number>;
  /** Cases to leave out, each with the reason. */
  skip?: CaseSkips;
}

/** What a case gets. Everything it creates is terminated afterwards. */
export interface SandboxContext {
  provider: SandboxProvider;
  /** Another instance, as another server on the same machine or account has it. */
  otherProvider(): Promise<SandboxProvider>;
  /** A sandbox with labels of this case, and what `spec` adds. */
  create(spec?: Partial<SandboxSpec>): Promise<Sandbox>;
  createElsewhere?: () => Promise<ForeignSandbox>;
  /** Labels that no other case uses. */
  labels: Readonly<Record<string, string>>;
  /** A word that no other case uses. */
  token: string;
  countProcesses(token: string): Promise<number>;
}

/** Opens a context a case. */
export function sandboxSetup(kit: SandboxKit): CaseSetup<SandboxContext> {
  const providers = new Map<SandboxContext, SandboxProvider[]>();
  return {
    async open() {
      const token = randomUUID();
      const labels = { deployment: `kit-${token}`, session: `session-${token}`, nonce: token };
      const provider = await kit.createProvider();
      const { createElsewhere } = kit;
      const context: SandboxContext = {
        provider,
        labels,
        token,
        async otherProvider() {
          const other = await kit.createProvider();
          providers.get(context)?.push(other);
          return other;
        },
        create: (spec) =>
          provider.create({ network: 'none', ...spec, labels: { ...labels, ...spec?.labels } }),
        ...(createElsewhere && { createElsewhere: () => createElsewhere({ labels, network: 'none' }) }),
        countProcesses: async (wanted) => (kit.countProcesses ?? countLocalProcesses)(wanted),
      };
      providers.set(context, [provider]);
      return context;
    },
    async close(context) {
      const opened = providers.get(context) ?? [];
      providers.delete(context);
      const cleaner = await (kit.createCleaner ?? kit.createProvider)();
      const { deployment } = context.labels;
      const left = await cleaner.list({ labels: deployment === undefined ? {} : { deployment } });
      for (const { id } of left) await (await cleaner.attach(id)).terminate();
      for (const provider of [...opened, cleaner]) await provider.close?.();
    },
  };
}

function countLocalProcesses(token: string): number {
  let count = 0;
  for (const name of existingProcesses()) {
    try {
      if (readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(token)) count += 1;
    } catch {
      // It ended meanwhile.
    }
  }
  return count;
}

function existingProcesses(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
