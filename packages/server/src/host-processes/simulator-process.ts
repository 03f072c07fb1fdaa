import type { Logger } from '@hhopkins/agent-core';
import { AgentServerError, parseOrThrow } from '@hhopkins/agent-protocol';
import { z } from 'zod';
import { createHostProcess, type HostProcess, type HostProcessTimings } from './host-process.ts';
import type { HostConnection } from './program.ts';

const NAME = 'agent-simulator';
const ANSWER_TIMEOUT_MS = 5_000;

const printedSchema = z.object({ url: z.url({ protocol: /^http$/ }) });
const healthSchema = z.object({ name: z.string(), version: z.string(), pid: z.number().int() });

export interface SimulatorConnection extends HostConnection {
  /** Where it answers, on this machine. */
  readonly url: string;
}

export interface SimulatorProcessOptions {
  /** File of the `agent-simulator` program: the package is not one that the server depends on. */
  program: string;
  /** Another version that runs already is replaced; without it, any will do. */
  version?: string | undefined;
  directory: string;
  /** The simulator ends by itself when nobody asked it anything for so long, in milliseconds. */
  orphanTtlMs: number;
  environment: Readonly<Record<string, string>>;
  logger: Logger;
  timings?: Partial<HostProcessTimings> | undefined;
}

/** The model simulator as a process of its own, on a port of 127.0.0.1. */
export function createSimulatorProcess(options: SimulatorProcessOptions): HostProcess<SimulatorConnection> {
  const { directory, orphanTtlMs, environment, logger, timings } = options;
  return createHostProcess({
    program: {
      name: NAME,
      version: options.version,
      argv: [options.program, '--port', '0', '--orphan-ttl-ms', String(orphanTtlMs)],
      async connect({ pid, firstLine }) {
        if (pid === undefined || firstLine === undefined) {
          throw new AgentServerError('connection_lost', 'No simulator runs here');
        }
        const { url } = parseOrThrow(printedSchema, JSON.parse(firstLine), 'the first line of the simulator');
        const handshake = await askHealth(url);
        if (handshake.pid !== pid) {
          throw new AgentServerError('connection_lost', `${url} is the port of another process`);
        }
        return {
          url,
          handshake,
          // It holds no connections; its loss is noticed by the next probe.
          closed: new Promise<void>(() => {}),
          probe: async () => void (await askHealth(url)),
          // It remembers nothing, and agents try again: it may be replaced at any time.
          usage: async () => ({ otherServers: 0, busy: false }),
          close() {},
        };
      },
    },
    directory,
    environment,
    logger,
    timings,
  });
}

async function askHealth(url: string) {
  const answer = await fetch(new URL('/health', url), { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  return parseOrThrow(healthSchema, await answer.json(), 'the health of the simulator');
}
