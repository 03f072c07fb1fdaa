import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAccessPolicy, type SessionEngine } from '@hhopkins/agent-core';
import type { RunningServer, ServerSettings } from '@hhopkins/agent-testkit/transport';
import {
  createWebSocketTransport,
  type WebSocketTransport,
  type WebSocketTransportOptions,
} from '../src/index.ts';

export interface RunningTransport extends RunningServer {
  transport: WebSocketTransport;
}

/** The transport alone, on a port of its own. */
export async function serve(
  engine: SessionEngine,
  settings: ServerSettings = {},
  options: Partial<WebSocketTransportOptions> = {},
): Promise<RunningTransport> {
  const transport = createWebSocketTransport({ engine, access: createAccessPolicy(settings), ...options });
  const server = createServer();
  transport.attach(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    transport,
    async close() {
      await transport.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
