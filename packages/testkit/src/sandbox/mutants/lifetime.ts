import { hanging, providerMutant, type SandboxMutant, sandboxMutant } from './mutant.ts';

export const lifetimeMutants: readonly SandboxMutant[] = [
  sandboxMutant('forgets labels', 'info-tells-what-it-is', ({ info }) => ({
    info: async () => ({ ...(await info()), labels: {} }),
  })),
  providerMutant('lists what carries any of the labels', 'list-is-exact', ({ list }) => ({
    list: async ({ labels }) => {
      const found = await Promise.all(
        Object.entries(labels).map(([name, value]) => list({ labels: { [name]: value } })),
      );
      return [...new Map(found.flat().map((each) => [each.id, each])).values()];
    },
  })),
  providerMutant("lists others' sandboxes", 'list-is-exact', ({ list }) => ({
    list: ({ labels }) => list({ labels: labels.deployment ? { deployment: labels.deployment } : {} }),
  })),
  providerMutant('knows only what it made itself', 'attach-finds-it-again', ({ create, attach }) => {
    const own = new Set<string>();
    return {
      create: async (spec) => {
        const sandbox = await create(spec);
        own.add(sandbox.id);
        return sandbox;
      },
      attach: (id) => attach(own.has(id) ? id : 'unknown'),
    };
  }),
  providerMutant(
    'attaches to ids that nobody has',
    'attach-refuses-what-is-not-there',
    ({ create, attach }) => {
      let any: ReturnType<typeof create> | undefined;
      return {
        create: (spec) => {
          any = create(spec);
          return any;
        },
        attach: (id) => attach(id).catch((error) => any ?? Promise.reject(error)),
      };
    },
  ),
  {
    name: 'ends sandboxes with the process that made them',
    breaks: 'survives-the-process-that-made-it',
    wrap: (kit) => ({
      ...kit,
      ...(kit.createElsewhere && {
        createElsewhere: async (spec) => {
          const elsewhere = await kit.createElsewhere?.(spec);
          if (!elsewhere) throw new Error('There is no other process');
          return {
            ...elsewhere,
            kill: async () => {
              await (await (await kit.createProvider()).attach(elsewhere.sandboxId)).terminate();
              await elsewhere.kill();
            },
          };
        },
      }),
    }),
  },
  sandboxMutant('leaves processes when it terminates', 'terminate-ends-every-process', () => ({
    terminate: async () => {},
  })),
  sandboxMutant('terminates later than it says', 'terminate-ends-every-process', ({ terminate }) => ({
    terminate: async () => {
      void terminate();
    },
  })),
  sandboxMutant('stays attachable when terminated', 'terminate-is-final', ({ exec }) => ({
    terminate: async () => {
      await exec(['true']);
    },
  })),
  sandboxMutant('terminates once only', 'terminate-again-has-no-effect', ({ terminate }) => {
    let terminated = false;
    return {
      terminate: async () => {
        if (terminated) throw new Error('It is terminated already');
        terminated = true;
        await terminate();
      },
    };
  }),
  hanging(
    sandboxMutant('leaves the exit of programs open', 'terminate-settles-running-programs', ({ exec }) => ({
      exec: async (argv, options) => {
        const process = await exec(argv, options);
        return {
          ...process,
          exit: process.exit.then((told) => (told.reason === 'exit' ? told : new Promise(() => {}))),
        };
      },
    })),
  ),
];
