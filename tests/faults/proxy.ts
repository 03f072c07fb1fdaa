import { connect, createServer, type Socket } from 'node:net';

/** The network between clients and server: one address that stays, whatever server is behind it. */
export interface NetworkProxy {
  readonly url: string;
  /** The server that new connections go to; undefined refuses them. */
  lead(url: string | undefined): void;
  /** Breaks every connection at once. */
  cut(): void;
  /** Every connection of now stays open and carries nothing any more; new ones are well. */
  halfOpen(): void;
  close(): Promise<void>;
}

interface Link {
  client: Socket;
  server: Socket;
}

/** Listens on a free port of the loopback address. */
export async function openProxy(): Promise<NetworkProxy> {
  const links = new Set<Link>();
  let target: URL | undefined;

  const listener = createServer((client) => {
    client.on('error', () => {});
    if (!target) {
      client.destroy();
      return;
    }
    const server = connect({ host: target.hostname, port: Number(target.port) });
    const link = { client, server };
    links.add(link);
    const end = () => {
      links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('close', end).on('error', end);
    client.pipe(server);
    server.pipe(client);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as { port: number };

  const cut = () => {
    for (const { client, server } of links) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  };
  return {
    url: `http://127.0.0.1:${port}`,
    lead(url) {
      target = url === undefined ? undefined : new URL(url);
    },
    cut,
    halfOpen() {
      for (const { client, server } of links) {
        client.unpipe(server);
        server.unpipe(client);
        client.pause();
        server.pause();
      }
    },
    async close() {
      const closed = new Promise((resolve) => listener.close(resolve));
      cut();
      await closed;
    },
  };
}
