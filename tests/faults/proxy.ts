import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way into the network: an address of its own. */
export interface Door {
  readonly url: string;
  /** Breaks every connection through it. */
  cut(): void;
  close(): Promise<void>;
}

/** The network between clients and server: addresses that stay, whatever server is behind them. */
export interface NetworkProxy {
  /** Opens a door on a free port of the loopback address. */
  door(): Promise<Door>;
  /** The server that new connections go to; undefined refuses them. */
  lead(url: string | undefined): void;
  /** Breaks every connection at once. */
  cut(): void;
  /** Every connection of now stays open and carries nothing any more; new ones are well. */
  halfOpen(): void;
  /** Ends what carries nothing any more on the server's side, as its network does at last. */
  forget(): void;
  close(): Promise<void>;
}

interface Link {
  client: Socket;
  server: Socket;
  isMute: boolean;
}

export function openProxy(): NetworkProxy {
  const links = new Map<Link, Server>();
  const doors = new Set<Door>();
  let target: URL | undefined;

  const admit = (client: Socket, listener: Server) => {
    client.on('error', () => {});
    if (!target) {
      client.destroy();
      return;
    }
    const server = connect({ host: target.hostname, port: Number(target.port) });
    const link = { client, server, isMute: false };
    links.set(link, listener);
    const end = () => {
      links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('close', end).on('error', end);
    client.pipe(server);
    server.pipe(client);
  };
  const cut = (which: (link: Link, listener: Server) => boolean) => {
    for (const [link, listener] of links) {
      if (!which(link, listener)) continue;
      link.client.resetAndDestroy();
      link.server.resetAndDestroy();
    }
  };

  return {
    async door() {
      const listener = createServer((client) => admit(client, listener));
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
      const { port } = listener.address() as { port: number };
      const cutOwn = () => cut((_, through) => through === listener);
      const door: Door = {
        url: `http://127.0.0.1:${port}`,
        cut: cutOwn,
        async close() {
          doors.delete(door);
          const closed = new Promise((resolve) => listener.close(resolve));
          cutOwn();
          await closed;
        },
      };
      doors.add(door);
      return door;
    },
    lead(url) {
      target = url === undefined ? undefined : new URL(url);
    },
    cut: () => cut(() => true),
    halfOpen() {
      for (const link of links.keys()) {
        const { client, server } = link;
        link.isMute = true;
        client.unpipe(server);
        server.unpipe(client);
        client.pause();
        server.pause();
      }
    },
    forget: () => cut(({ isMute }) => isMute),
    async close() {
      await Promise.all([...doors].map((door) => door.close()));
    },
  };
}
