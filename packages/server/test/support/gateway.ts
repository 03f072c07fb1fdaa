import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, createServer as createSocketServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { type RelayGateway, type RelayGatewayOptions, relayGateway } from '../../src/models/relay-gateway.ts';
import { createTestLogger, makeFolder, ORPHAN_TTL_MS, QUICK } from './host.ts';

/** The key that must be seen by the model alone. */
export const KEY = 'sk-ant-canary-83ab61c05f2e';
export const SESSION = { sessionId: 'session-1', architecture: 'claude-sdk' };

/** A gateway, ended with the test. */
export async function makeGateway(options: Partial<RelayGatewayOptions> = {}): Promise<RelayGateway> {
  const gateway = relayGateway({
    directory: await makeFolder(),
    orphanTtlMs: ORPHAN_TTL_MS,
    logger: createTestLogger(),
    timings: QUICK,
    ...options,
  });
  onTestFinished(() => gateway.stop({ runs: 'end' }));
  return gateway;
}

/** A model's API on a loopback port, as the listener plays it. */
export async function startModel(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A port that leads to a socket, as there is one in every sandbox. */
export async function startBridge(socketPath: string): Promise<string> {
  const server = createSocketServer((client) => {
    const relay = connect(socketPath);
    client.pipe(relay).pipe(client);
    client.on('error', () => relay.destroy());
    relay.on('error', () => client.destroy());
    client.on('close', () => relay.destroy());
    relay.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export interface Access {
  /** Path of the relay's socket on this machine. */
  socket: string;
  token: string;
}

/** What a session is granted, as an agent without a sandbox around it sees it. */
export async function grantTo(gateway: RelayGateway, session = SESSION): Promise<Access> {
  const access = await gateway.grant(session);
  const mounts = Object.fromEntries(access.mounts.map(({ name, source }) => [name, source]));
  const layout = { workspace: '/w', home: '/h', state: '/s', node: '/n', mounts };
  return {
    socket: access.relaySocket?.(layout) ?? '',
    token: access.environment.ANTHROPIC_API_KEY ?? '',
  };
}
