import type { Logger } from '@hhopkins/agent-core';
import {
  connectControl,
  RELAY_NAME,
  RELAY_PROGRAM,
  RELAY_VERSION,
  type RelayControl,
  type RelaySettings,
  relayPlaces,
} from '@hhopkins/agent-relay';
import { createHostProcess, type HostProcess, type HostProcessTimings } from './host-process.ts';
import type { HostConnection } from './program.ts';

export interface RelayConnection extends HostConnection {
  readonly control: RelayControl;
}

export interface RelayProcessOptions {
  /** Of the relay's sockets, short enough for them. */
  directory: string;
  /** The relay ends by itself when no server was connected for so long, in milliseconds. */
  orphanTtlMs: number;
  environment: Readonly<Record<string, string>>;
  /** What the relay is told each time that it was reached. */
  settings(): RelaySettings;
  logger: Logger;
  timings?: Partial<HostProcessTimings> | undefined;
}

/** The model relay as a process of its own: sandboxes go on through it while servers come and go. */
export function createRelayProcess(options: RelayProcessOptions): HostProcess<RelayConnection> {
  const { directory, orphanTtlMs, environment, settings, logger, timings } = options;
  return createHostProcess({
    program: {
      name: RELAY_NAME,
      version: RELAY_VERSION,
      argv: [RELAY_PROGRAM, '--directory', directory, '--orphan-ttl-ms', String(orphanTtlMs)],
      async connect() {
        const control = await connectControl({ path: relayPlaces(directory).control });
        return {
          control,
          handshake: control.hello,
          closed: control.closed,
          probe: async () => void (await control.status()),
          async usage() {
            const { attendants, activeRequests } = await control.status();
            return { otherServers: attendants - 1, busy: activeRequests > 0 };
          },
          requestEnd: () => control.stop(),
          close: () => control.close(),
        };
      },
      prepare: ({ control }) => control.configure(settings()),
    },
    directory,
    environment,
    logger,
    timings,
  });
}
