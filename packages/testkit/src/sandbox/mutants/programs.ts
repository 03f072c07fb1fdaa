import process from 'node:process';
import { hanging, processMutant, providerMutant, type SandboxMutant, sandboxMutant } from './mutant.ts';

/** What the shell makes of it, when somebody joins argv with blanks. */
const asShell = (argv: readonly string[]): [string, ...string[]] => {
  const [program, flag, script, ...parameters] = argv;
  return ['sh', '-c', `"$0" "$1" "$2" ${parameters.join(' ')}`, program ?? '', flag ?? '', script ?? ''];
};

export const programMutants: readonly SandboxMutant[] = [
  processMutant('lies about the exit code', 'exit-code-is-told', ({ exit }) => ({
    exit: exit.then((told) => (told.code === null ? told : { ...told, code: 0 })),
  })),
  processMutant('tells a signal as a code', 'signal-is-told', ({ exit }) => ({
    exit: exit.then((told) => (told.signal ? { code: 137, reason: 'exit' } : told)),
  })),
  sandboxMutant('pretends that a missing program ran', 'a-missing-program-fails', ({ exec }) => ({
    exec: async (argv, options) => {
      const running = await exec(argv, options);
      return {
        ...running,
        exit: running.exit.then((told) => (told.code === 127 ? { ...told, code: 0 } : told)),
      };
    },
  })),
  sandboxMutant('runs argv through a shell', 'argv-is-never-a-shell', ({ exec }) => ({
    exec: (argv, options) => exec(asShell(argv), options),
  })),
  sandboxMutant('drops empty parameters', 'argv-is-never-a-shell', ({ exec }) => ({
    exec: ([program, ...parameters], options) => exec([program, ...parameters.filter(Boolean)], options),
  })),
  sandboxMutant('drops the environment of an exec', 'environment-is-added', ({ exec }) => ({
    exec: (argv, options) => exec(argv, { ...options, environment: {} }),
  })),
  providerMutant('drops the environment of the sandbox', 'environment-is-added', ({ create }) => ({
    create: (spec) => create({ ...spec, environment: {} }),
  })),
  sandboxMutant('inherits the environment of the server', 'environment-is-not-inherited', ({ exec }) => ({
    exec: (argv, options) => {
      // biome-ignore lint/style/noProcessEnv: this is the fault
      const { PATH: _, ...inherited } = process.env as Record<string, string>;
      return exec(argv, { ...options, environment: { ...inherited, ...options?.environment } });
    },
  })),
  sandboxMutant('ignores the folder to run in', 'cwd-is-honoured', ({ exec }) => ({
    exec: (argv, options) => exec(argv, { ...options, cwd: undefined }),
  })),
  sandboxMutant('has one folder for all', 'folders-of-the-layout-are-there', ({ layout }) => ({
    layout: { ...layout, state: layout.workspace, home: layout.workspace },
  })),
  providerMutant(
    'gives the same sandbox to everyone',
    'sandboxes-have-folders-of-their-own',
    ({ create }) => {
      let only: ReturnType<typeof create> | undefined;
      return {
        create: (spec) => {
          only ??= create(spec);
          return only;
        },
      };
    },
  ),
  hanging(
    sandboxMutant('runs one program at a time', 'programs-run-at-the-same-time', ({ exec }) => {
      let last: Promise<unknown> = Promise.resolve();
      return {
        exec: (argv, options) => {
          const running = last.then(() => exec(argv, options));
          last = running.then(
            ({ exit }) => exit,
            () => {},
          );
          return running;
        },
      };
    }),
  ),
];
