import { join, resolve } from 'node:path';
import type { Logger, ModelGateway, SandboxLayout } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';
import {
  type Provider,
  RELAY_SOCKET,
  type RelaySettings,
  relayPlaces,
  type SessionLimits,
  type Upstream,
  upstreamSchema,
} from '@hhopkins/agent-relay';
import type { HostProcess, HostProcessTimings } from '../host-processes/host-process.ts';
import { createRelayProcess, type RelayConnection } from '../host-processes/relay-process.ts';
import type { SimulatorConnection } from '../host-processes/simulator-process.ts';
import { relayDirectory } from './relay-directory.ts';
import { loadRelaySecret } from './relay-secret.ts';
import { createTokenDesk } from './token-desk.ts';

/** A running agent keeps the token that it was started with. */
const DEFAULT_TOKEN_TTL_MS = 7 * 24 * 3_600_000;
const ANTHROPIC_URL = 'https://api.anthropic.com';
/** The simulator takes any key; this one says in its requests where they come from. */
const SIMULATOR_KEY = 'model-simulator';

const MOUNT = 'relay';
const MOUNT_TARGET = '/run/relay';

/** Which API an agent speaks, and where it looks for its key. */
const PROVIDERS: Readonly<Record<string, Provider>> = { 'claude-sdk': 'anthropic' };
const KEY_VARIABLES: Readonly<Record<Provider, string>> = { anthropic: 'ANTHROPIC_API_KEY' };

export interface RelayGatewayOptions {
  /** Of the relay: its sockets, its log, the secret of its tokens. */
  directory: string;
  anthropic?: { apiKey: string; baseUrl?: string | undefined } | undefined;
  /** Stands in for every model that has no key. Started and stopped with the gateway. */
  simulator?: HostProcess<SimulatorConnection> | undefined;
  /** The relay ends by itself when no server was connected for so long, in milliseconds. */
  orphanTtlMs: number;
  /** All of the relay's environment, e.g. PATH, and NODE_EXTRA_CA_CERTS where it is needed. */
  environment?: Readonly<Record<string, string>> | undefined;
  /** What each session may ask for; generous by default. */
  limits?: Partial<SessionLimits> | undefined;
  /** How long a token is good, in milliseconds; 7 days by default. */
  tokenTtlMs?: number | undefined;
  deadlines?: RelaySettings['deadlines'];
  logger: Logger;
  timings?: Partial<HostProcessTimings> | undefined;
}

/** A gateway with a process behind it. */
export interface RelayGateway extends ModelGateway {
  /** Takes over the relay and the simulator of an earlier server, or starts them. Rejects when that fails. */
  start(): Promise<void>;
  /** `leave` lets them go on for their sandboxes and the next server, `end` ends them. */
  stop(options: { runs: 'leave' | 'end' }): Promise<void>;
  revoke(sessionId: string): Promise<void>;
}

interface Opened {
  directory: string;
  secret: Buffer;
  relay: HostProcess<RelayConnection>;
}

/**
 * Lets agents reach their models through the relay, which holds the keys: a sandbox gets the relay's socket and a token of its
 * session. Constructing does nothing; `start` begins.
 *
 * @example
 * const models = relayGateway({ directory: '.data/relay', anthropic: { apiKey }, orphanTtlMs: 900_000, logger });
 * await models.start();
 */
export function relayGateway(options: RelayGatewayOptions): RelayGateway {
  const { anthropic, simulator, logger } = options;
  const direct = anthropic && checkUpstream(anthropic);
  const wanted = resolve(options.directory);
  const tokens = createTokenDesk({
    limits: options.limits,
    tokenTtlMs: options.tokenTtlMs ?? DEFAULT_TOKEN_TTL_MS,
  });
  let opening: Promise<Opened> | undefined;

  function upstream(): Upstream | undefined {
    if (direct) return direct;
    const url = simulator?.current()?.url;
    return url === undefined ? undefined : { baseUrl: url, apiKey: SIMULATOR_KEY };
  }

  function settings(secret: Buffer): RelaySettings {
    const found = upstream();
    return {
      secret: secret.toString('base64'),
      upstreams: found ? { anthropic: found } : {},
      revoked: tokens.revoked(),
      ...(options.deadlines ? { deadlines: options.deadlines } : {}),
    };
  }

  async function open(): Promise<Opened> {
    const secret = await loadRelaySecret(join(wanted, 'secret'));
    const directory = await relayDirectory(wanted);
    if (directory !== wanted)
      logger.log('info', 'The sockets of the model relay are elsewhere, for a shorter path', { directory });
    const relay = createRelayProcess({
      directory,
      orphanTtlMs: options.orphanTtlMs,
      environment: options.environment ?? {},
      settings: () => settings(secret),
      logger,
      timings: options.timings,
    });
    return { directory, secret, relay };
  }

  const opened = (): Promise<Opened> => {
    opening ??= open();
    return opening;
  };

  /** A simulator that was started again has another port. */
  async function tellRelay(): Promise<void> {
    const { relay, secret } = await opened();
    await relay.current()?.control.configure(settings(secret));
  }

  return {
    description: describe(direct?.baseUrl, simulator !== undefined),

    async start() {
      const { relay } = await opened();
      if (!direct && simulator) {
        await simulator.ensure();
        simulator.onReady(() => {
          // A relay that cannot be told now is told when it is back.
          tellRelay().catch((error: unknown) =>
            logger.log('warn', 'The relay was not told of the simulator', { error }),
          );
        });
      }
      await relay.ensure();
    },

    async stop(how) {
      const { relay } = (await opening?.catch(() => undefined)) ?? {};
      await relay?.stop(how);
      if (!direct) await simulator?.stop(how);
    },

    async grant({ sessionId, architecture }) {
      const provider = PROVIDERS[architecture];
      if (!provider || (!direct && !simulator)) throw noModel(architecture, provider);
      const { directory, secret } = await opened();
      return {
        mounts: [{ name: MOUNT, source: relayPlaces(directory).publicFolder, target: MOUNT_TARGET }],
        environment: {
          [KEY_VARIABLES[provider]]: tokens.issue(secret, { sessionId, architecture, provider }),
        },
        relaySocket: socketInside,
      };
    },

    async revoke(sessionId) {
      const revocation = tokens.revoke(sessionId);
      const { relay } = await opened();
      // Should this fail, the relay is gone, and the next one hears of it at once.
      await relay
        .current()
        ?.control.revoke(revocation)
        .catch(() => {});
    },
  };
}

function checkUpstream({
  apiKey,
  baseUrl = ANTHROPIC_URL,
}: {
  apiKey: string;
  baseUrl?: string | undefined;
}): Upstream {
  const checked = upstreamSchema.safeParse({ apiKey, baseUrl });
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new AgentServerError(
    'invalid_configuration',
    `models.anthropic.${issue?.path.join('.')}: ${issue?.message}`,
  );
}

function socketInside({ mounts }: SandboxLayout): string {
  const folder = mounts[MOUNT];
  if (folder !== undefined) return `${folder}/${RELAY_SOCKET}`;
  throw new AgentServerError(
    'capability_missing',
    'This sandbox cannot reach the model relay: its provider does not mount folders of the host',
  );
}

function describe(baseUrl: string | undefined, simulated: boolean): string {
  if (baseUrl) return `Anthropic at ${new URL(baseUrl).host}`;
  return simulated ? 'the model simulator' : 'none: set models.anthropic.apiKey (ANTHROPIC_API_KEY)';
}

function noModel(architecture: string, provider: Provider | undefined): AgentServerError {
  return new AgentServerError(
    'capability_missing',
    provider
      ? `No model is configured for ${architecture}: set models.${provider}.apiKey (${KEY_VARIABLES[provider]})`
      : `The relay knows no model API for ${architecture}: it serves ${Object.keys(PROVIDERS).join(', ')}`,
  );
}
