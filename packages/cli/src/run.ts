import { AgentServerError, type Health, healthSchema } from '@hhopkins/agent-protocol';
import { AgentRuntime } from '@hhopkins/agent-server';
import type { RuntimeConfig } from '@hhopkins/agent-server/types';
import { banner } from './banner.ts';
import { configFromEnvironment } from './config-from-environment.ts';
import type { Environment } from './settings.ts';

/** Longest time a stop may take before the process ends all the same. */
const STOP_MS = 30_000;

/**
 * Runs the reference server until a signal ends it: Ctrl-C (SIGINT) ends everything it started; SIGTERM lets runs go on in their
 * sandboxes for the next server, unless `STOP_RUNS=end`. A second signal is immediate.
 *
 * @param adapt has the last word on the configuration, e.g. to add an agent of one's own
 * @returns the exit code
 */
export async function run(
  environment: Environment,
  adapt: (config: RuntimeConfig) => RuntimeConfig = (config) => config,
): Promise<number> {
  const out = process.stdout;
  try {
    const { config, settings, warnings } = await configFromEnvironment(environment);
    const runtime = new AgentRuntime(adapt(config));
    const ended = untilSignal();
    await runtime.start();
    const url = runtime.url ?? '';
    out.write(`${banner(url, await healthOf(runtime), warnings, out.isTTY)}\n`);

    const signal = await ended;
    const runs = signal === 'SIGINT' ? 'end' : settings.STOP_RUNS;
    out.write(
      runs === 'end'
        ? 'Ending the server, its sandboxes and helpers…\n'
        : 'Stopping; runs go on in their sandboxes for the next server…\n',
    );
    const finished = await Promise.race([runtime.stop({ runs }).then(() => true), timeout(STOP_MS)]);
    out.write(
      finished
        ? runs === 'end'
          ? 'Everything it started has ended.\n'
          : 'Stopped.\n'
        : 'Not everything ended in time.\n',
    );
    return finished ? 0 : 1;
  } catch (error) {
    const { code, message } = AgentServerError.from(error);
    const reason = code === 'internal' && error instanceof Error ? error.message : message;
    // One line, whatever it quotes.
    process.stderr.write(`agent-server: ${code}: ${reason.replaceAll(/\s*\n\s*/g, ' ')}\n`);
    return 1;
  }
}

async function healthOf(runtime: AgentRuntime): Promise<Health> {
  const answer = await runtime.app.request('/health', { headers: { host: new URL(runtime.url ?? '').host } });
  return healthSchema.parse(await answer.json());
}

/** Resolves with the first signal; from then on any other ends the process at once. */
function untilSignal(): Promise<NodeJS.Signals> {
  let first = true;
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (!first) process.exit(1);
        first = false;
        resolve(signal);
      });
    }
  });
}

function timeout(milliseconds: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), milliseconds).unref();
  });
}
