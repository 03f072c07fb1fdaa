import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAccessPolicy } from '@hhopkins/agent-core';
import { describeTransport } from '@hhopkins/agent-testkit/transport';
import { createHttpTransport, createNodeServer } from '@hhopkins/agent-transport-http';
import { createWebSocketTransport } from '@hhopkins/agent-transport-ws';

// [KIT-server-conforms] [LAW-03-transports-alike]
describeTransport({
  name: 'both transports on one server',
  speaks: ['http', 'websocket'],
  async start(engine, settings) {
    const access = createAccessPolicy(settings);
    const sockets = createWebSocketTransport({ engine, access });
    const server = createNodeServer(createHttpTransport({ engine, access, metrics: sockets.metrics }));
    sockets.attach(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      async close() {
        await sockets.close();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  },
});
