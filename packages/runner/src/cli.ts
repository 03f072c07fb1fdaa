import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { connect } from './connect.ts';
import { serve } from './serve/serve.ts';
import { DEFAULT_SETTINGS, type RunnerSettings } from './settings.ts';
import { RUNNER_VERSION } from './version.ts';

const USAGE = `agent-runner serve   --state <dir> --workspace <dir> --home <dir> --session <id> [settings]
agent-runner connect --state <dir> [--workspace <dir> --home <dir> --session <id>] [settings]
agent-runner --version

Settings: --journal-bytes <n>  --orphan-ttl-ms <n, 0 for never>  --interrupt-ms <n>  --ignore <name> (again for more)
`;

/** A runner that is ending may take its time before another can begin. */
const START_MS = 30_000;

const flags = {
  state: { type: 'string' },
  workspace: { type: 'string' },
  home: { type: 'string' },
  session: { type: 'string' },
  'journal-bytes': { type: 'string' },
  'orphan-ttl-ms': { type: 'string' },
  'interrupt-ms': { type: 'string' },
  ignore: { type: 'string', multiple: true },
  version: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/**
 * Runs a command line.
 *
 * @param args what follows the program's name
 * @param program how this program was started, to start it again as a server
 * @returns the exit code
 */
export async function runCli(args: string[], program: readonly [string, ...string[]]): Promise<number> {
  try {
    return await run(args, program);
  } catch (error) {
    const { code, message } = AgentServerError.from(error);
    const cause = error instanceof AgentServerError ? message : (error as Error).message;
    process.stderr.write(`agent-runner: ${code}: ${cause.replaceAll('\n', ' ')}\n`);
    return 1;
  }
}

async function run(args: string[], program: readonly [string, ...string[]]): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.version) return print(`${RUNNER_VERSION}\n`);
  if (values.help) return print(USAGE);
  const [command, ...others] = positionals;
  if ((command !== 'serve' && command !== 'connect') || others.length > 0) {
    throw new AgentServerError('invalid_request', 'say `serve` or `connect`; --help tells more');
  }
  const { state, workspace, home, session } = values;
  if (!state) throw new AgentServerError('invalid_request', `${command} needs --state`);
  if (command === 'serve') {
    if (!workspace || !home || !session) {
      throw new AgentServerError('invalid_request', 'serve needs --workspace, --home and --session');
    }
    return serve({
      state: resolve(state),
      workspace: resolve(workspace),
      home: resolve(home),
      sessionId: session,
      settings: settingsOf(values),
    });
  }
  const complete = workspace && home && session;
  const [, ...given] = args;
  await connect({
    state: resolve(state),
    serveCommand: complete
      ? [...program, 'serve', ...withAbsolutePaths(given, { state, workspace, home })]
      : null,
    startMs: START_MS,
  });
  return 0;
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: flags, allowPositionals: true });
  } catch (cause) {
    throw new AgentServerError('invalid_request', (cause as Error).message, { cause });
  }
}

function settingsOf(values: ReturnType<typeof parse>['values']): RunnerSettings {
  const count = (
    name: 'journal-bytes' | 'orphan-ttl-ms' | 'interrupt-ms',
    fallback: number,
    least: number,
  ): number => {
    const text = values[name];
    if (text === undefined) return fallback;
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new AgentServerError(
      'invalid_request',
      `--${name} must be a whole number from ${least} on, not ${text}`,
    );
  };
  return {
    ...DEFAULT_SETTINGS,
    journalBytes: count('journal-bytes', DEFAULT_SETTINGS.journalBytes, 256 * 1024),
    orphanTtlMs: count('orphan-ttl-ms', DEFAULT_SETTINGS.orphanTtlMs, 0),
    interruptMs: count('interrupt-ms', DEFAULT_SETTINGS.interruptMs, 1),
    ignored: [...DEFAULT_SETTINGS.ignored, ...(values.ignore ?? [])],
  };
}

/** The server stands in another folder than the one it is started from: later flags win. */
const withAbsolutePaths = (given: string[], paths: Record<string, string>): string[] => [
  ...given,
  ...Object.entries(paths).flatMap(([name, path]) => [`--${name}`, resolve(path)]),
];

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}
