import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bubblewrap } from '@hhopkins/agent-sandbox-local';
import { endAll, type FoundProcess, processesOf, untilNobodyLeft } from './census.ts';
import { type Follower, follow, type Transport } from './follow.ts';
import { type RestClient, restClient } from './rest-client.ts';
import {
  type Ending,
  type ServerOptions,
  type ServerProcess,
  startFailing,
  startServer,
} from './server-process.ts';
import { readStore } from './store.ts';
import { createWitness, type Witness } from './witness.ts';

export type Isolation = 'plain' | 'bubblewrap';

/** Why bubblewrap cannot be used on this machine; undefined when it can. */
const check = await bubblewrap({ directory: join(tmpdir(), 'bubblewrap-check') }).check();
const noBubblewrap = check.ok ? undefined : check.problems.join(' ');

/** The sandboxes of this machine. Without bubblewrap its scenarios do not run; `.ci/run` installs it. */
export const ISOLATIONS: readonly Isolation[] = noBubblewrap ? ['plain'] : ['plain', 'bubblewrap'];

export interface PlaceOptions {
  agent?: 'claude' | 'scripted';
  sandbox?: Isolation;
  program?: 'reference' | 'scenario';
  /** Settings of the reference server. */
  environment?: Readonly<Record<string, string>>;
  /** A command line that becomes the server's. */
  wrapper?: readonly string[];
  /** The engine's own settings, e.g. `turnTimeoutMs`. */
  settings?: Readonly<Record<string, unknown>>;
}

/** A data folder, the server that runs on it, and clients. Everything that was started ends with it. */
export interface Place {
  readonly dataDirectory: string;
  readonly architecture: string;
  readonly rest: RestClient;
  readonly store: ReturnType<typeof readStore>;
  url(): string;
  server(): ServerProcess;
  /** Starts a server on the data folder, after the one before ended. `changes` are further settings. */
  start(changes?: Readonly<Record<string, string>>): Promise<ServerProcess>;
  /** Starts a server that is expected to refuse, beside the one that may run. How it ended and what it printed. */
  refusal(changes?: Readonly<Record<string, string>>): Promise<Ending & { output: string }>;
  /** A new session, followed from its first event. */
  session(options?: {
    transport?: Transport;
    request?: Parameters<RestClient['create']>[0];
  }): Promise<Followed>;
  /** Another reader of a session. */
  follow(sessionId: string, transport?: Transport): { seen: Witness; follower: Follower };
  processes(): FoundProcess[];
  /** Ctrl-C, as a user ends a server. */
  interrupt(): Promise<Ending>;
  /** Ends everything, and proves that nothing is left. */
  close(): Promise<void>;
}

/** A session and a client that follows it. */
export interface Followed {
  readonly id: string;
  readonly seen: Witness;
  readonly follower: Follower;
  /** Sends a message and waits for the end of its turn. */
  turn(content: string): Promise<Awaited<ReturnType<Witness['untilEnded']>>>;
}

export async function openPlace(options: PlaceOptions = {}): Promise<Place> {
  const { agent = 'claude', sandbox = 'plain' } = options;
  const dataDirectory = await mkdtemp(join(tmpdir(), 'scenario-'));
  const architecture = agent === 'claude' ? 'claude-sdk' : 'scripted';
  const followers: Follower[] = [];
  const witnesses: Witness[] = [];
  let running: ServerProcess | undefined;

  const server = () => {
    if (!running) throw new Error('no server was started');
    return running;
  };
  const url = () => running?.url ?? 'http://127.0.0.1:9';
  const rest = restClient(url);

  const serverOptions = (changes: Readonly<Record<string, string>>): ServerOptions => ({
    program: options.program ?? 'scenario',
    wrapper: options.wrapper,
    environment: {
      DATA_DIR: dataDirectory,
      SANDBOX: options.program !== 'reference' && sandbox === 'bubblewrap' ? 'local' : undefined,
      // Whatever a test that fails leaves behind ends by itself.
      ORPHAN_TTL_MS: '120000',
      SCENARIO_AGENT: agent,
      SCENARIO_SANDBOX: sandbox,
      SCENARIO_SETTINGS: JSON.stringify(options.settings ?? {}),
      ...options.environment,
      ...changes,
    },
  });

  const place: Place = {
    dataDirectory,
    architecture,
    rest,
    store: readStore(dataDirectory),
    url,
    server,
    processes: () => processesOf(dataDirectory),
    async start(changes = {}) {
      running = await startServer(serverOptions(changes));
      return running;
    },
    refusal: (changes = {}) => startFailing(serverOptions(changes)),
    async session({ transport, request = { architecture } } = {}) {
      const { sessionId: id } = await rest.create(request);
      const { seen, follower } = place.follow(id, transport);
      return {
        id,
        seen,
        follower,
        async turn(content) {
          const { turnId } = await rest.send(id, content);
          return seen.untilEnded(turnId);
        },
      };
    },
    follow(sessionId, transport = 'websocket') {
      const seen = createWitness(sessionId);
      const follower = follow(transport, url, seen);
      witnesses.push(seen);
      followers.push(follower);
      return { seen, follower };
    },
    interrupt: () => server().end('SIGINT'),
    async close() {
      try {
        const faults = witnesses.flatMap((witness) => witness.faults);
        await Promise.all(followers.map((follower) => follower.close()));
        const ending = await running?.end('SIGINT');
        await untilNobodyLeft(dataDirectory);
        if (faults.length > 0) throw new Error(`clients saw: ${faults.join('; ')}`);
        if (ending && ending.code !== 0 && ending.signal === null) {
          throw new Error(`the server ended with ${ending.code}:\n${running?.output()}`);
        }
      } finally {
        endAll(dataDirectory);
        await rm(dataDirectory, { recursive: true, force: true });
      }
    },
  };
  return place;
}
