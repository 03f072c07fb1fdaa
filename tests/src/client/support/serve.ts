import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAccessPolicy, type SessionEngine } from '@hhopkins/agent-core';
import { createHttpTransport, createNodeServer } from '@hhopkins/agent-transport-http';
import { createWebSocketTransport } from '@hhopkins/agent-transport-ws';

export interface Serving {
  url: string;
  /** Says 1012 to every socket, as a server that stops does. */
  close(): Promise<void>;
}

/** The real transports around an engine. The keys that are taken may change while it runs. */
export async function serve(
  engine: SessionEngine,
  settings: { apiKey?: string; port?: number } = {},
): Promise<Serving> {
  const access = createAccessPolicy(settings.apiKey === undefined ? {} : { apiKey: settings.apiKey });
  const sockets = createWebSocketTransport({ engine, access });
  const server = createNodeServer(createHttpTransport({ engine, access }));
  sockets.attach(server);
  server.listen(settings.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      await sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
