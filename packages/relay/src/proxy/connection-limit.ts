import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Bounds the connections of a server. Over the bound, the oldest one without a request under way is closed: connections have no
 * name before their first token, and a sandbox that opens many must not keep the others out.
 */
export function limitConnections(server: Server, most: number): void {
  const open = new Map<Socket, { requests: number }>();

  server.on('connection', (socket) => {
    open.set(socket, { requests: 0 });
    socket.once('close', () => open.delete(socket));
    if (open.size <= most) return;
    for (const [candidate, { requests }] of open) {
      if (requests > 0) continue;
      candidate.destroy();
      open.delete(candidate);
      return;
    }
  });
  server.on('request', ({ socket }, response) => {
    const entry = open.get(socket);
    if (!entry) return;
    entry.requests += 1;
    response.once('close', () => {
      entry.requests -= 1;
    });
  });
}
