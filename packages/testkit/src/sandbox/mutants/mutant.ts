import type { Sandbox, SandboxProcess, SandboxProvider } from '@hhopkins/agent-core';
import type { SandboxKit } from '../context.ts';

/** A provider broken on purpose. A kit that lets it pass is of no use. */
export interface SandboxMutant {
  /** What it does wrong. */
  readonly name: string;
  /** Id of the case that must catch it. */
  readonly breaks: string;
  /** The case does not come to an end with it, so that only its deadline tells. */
  readonly hangs?: boolean;
  /** The kit of a good provider, with the fault. */
  wrap(kit: SandboxKit): SandboxKit;
}

/** A mutant of the provider itself; each instance is wrapped. */
export const providerMutant = (
  name: string,
  breaks: string,
  change: (provider: SandboxProvider) => Partial<SandboxProvider>,
): SandboxMutant => ({
  name,
  breaks,
  wrap: (kit) => ({
    ...kit,
    createCleaner: kit.createCleaner ?? kit.createProvider,
    createProvider: async () => {
      const provider = await kit.createProvider();
      return { ...provider, ...change(provider) };
    },
  }),
});

/** A mutant of every sandbox that the provider hands out. */
export const sandboxMutant = (
  name: string,
  breaks: string,
  change: (sandbox: Sandbox) => Partial<Sandbox>,
): SandboxMutant =>
  providerMutant(name, breaks, (provider) => {
    const mutated = (sandbox: Sandbox): Sandbox => ({ ...sandbox, ...change(sandbox) });
    return {
      create: async (spec) => mutated(await provider.create(spec)),
      attach: async (id) => mutated(await provider.attach(id)),
    };
  });

/** A mutant of every program that is started. */
export const processMutant = (
  name: string,
  breaks: string,
  change: (process: SandboxProcess) => Partial<SandboxProcess>,
): SandboxMutant =>
  sandboxMutant(name, breaks, (sandbox) => ({
    exec: async (argv, options) => {
      const process = await sandbox.exec(argv, options);
      return { ...process, ...change(process) };
    },
  }));

/** A mutant that makes its case hang. */
export const hanging = (mutant: SandboxMutant): SandboxMutant => ({ ...mutant, hangs: true });
