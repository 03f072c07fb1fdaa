import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  connectControl,
  createRelay,
  DEFAULT_SESSION_LIMITS,
  type RelayControl,
  type RelayOptions,
  type RelaySettings,
  relayPlaces,
  type SessionLimits,
  signToken,
  type TokenClaims,
} from '../../src/index.ts';

/** The key that must be seen by the upstream alone. */
export const KEY = 'sk-ant-canary-4f1c9e27d80b';

export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A model's API on a loopback port, as the listener plays it. */
export async function startUpstream(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export interface Scene {
  /** The socket that sandboxes use. */
  socket: string;
  control: RelayControl;
  secret: Buffer;
  /** Lines of the relay's log, as JSON. */
  log: string[];
  token(claims?: Partial<Omit<TokenClaims, 'limits'>> & { limits?: Partial<SessionLimits> }): string;
}

/** A relay that knows one upstream. */
export async function startRelay(
  baseUrl: string,
  settings: Partial<RelaySettings> = {},
  options: Partial<RelayOptions> = {},
): Promise<Scene> {
  const directory = await makeFolder();
  const secret = randomBytes(32);
  const log: string[] = [];
  const relay = createRelay({
    directory,
    log: (event, facts) => void log.push(JSON.stringify({ event, ...facts })),
    ...options,
  });
  onTestFinished(() => relay.close());
  await relay.listen();
  const places = relayPlaces(directory);
  const control = await connectControl({ path: places.control });
  onTestFinished(() => control.close());
  await control.configure({
    secret: secret.toString('base64'),
    upstreams: { anthropic: { baseUrl, apiKey: KEY } },
    ...settings,
  });
  const now = options.now ?? Date.now;
  return {
    socket: places.relay,
    control,
    secret,
    log,
    token: ({ limits, ...claims } = {}) =>
      signToken(secret, {
        sessionId: 'session-1',
        architecture: 'claude',
        provider: 'anthropic',
        issuedAt: now(),
        expiresAt: now() + 60_000,
        limits: { ...DEFAULT_SESSION_LIMITS, ...limits },
        ...claims,
      }),
  };
}
