import { providerMutant, type SandboxMutant } from './mutant.ts';

export const capabilityMutants: readonly SandboxMutant[] = [
  providerMutant('throws what check() is there to find out', 'check-tells-and-never-throws', () => ({
    check: () => Promise.reject(new Error('There is no such program')),
  })),
  providerMutant('mounts nothing', 'mounts-are-seen', ({ create }) => ({
    create: (spec) => create({ ...spec, mounts: [] }),
  })),
  providerMutant('mounts for writing', 'mounts-are-read-only', ({ create }) => ({
    create: async (spec) => {
      const sandbox = await create({ ...spec, mounts: [] });
      // Somewhere that can be written stands for the mount.
      return { ...sandbox, layout: { ...sandbox.layout, mounts: { probe: sandbox.layout.workspace } } };
    },
  })),
  providerMutant('gives every sandbox the network', 'network-none-reaches-nothing', ({ create }) => ({
    create: (spec) => create({ ...spec, network: 'open' }),
  })),
  providerMutant('limits nothing', 'memory-is-limited', ({ create }) => ({
    create: (spec) => create({ ...spec, limits: undefined }),
  })),
  providerMutant('limits no processes', 'processes-are-limited', ({ create }) => ({
    create: (spec) => create({ ...spec, limits: undefined }),
  })),
  providerMutant('limits no CPU', 'cpu-is-limited', ({ create }) => ({
    create: (spec) => create({ ...spec, limits: undefined }),
  })),
];
