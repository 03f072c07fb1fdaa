import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAccessPolicy, type SessionEngine } from '@hhopkins/agent-core';
import type { RunningServer, ServerSettings } from '@hhopkins/agent-testkit/transport';
import { createHttpTransport, createNodeServer, type HttpTransportOptions } from '../src/index.ts';

/** The transport alone, on a port of its own. */
export async function serve(
  engine: SessionEngine,
  settings: ServerSettings = {},
  options: Partial<HttpTransportOptions> = {},
  prepare: (server: Server) => void = () => {},
): Promise<RunningServer> {
  const transport = createHttpTransport({ engine, access: createAccessPolicy(settings), ...options });
  const server = createNodeServer(transport);
  prepare(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
