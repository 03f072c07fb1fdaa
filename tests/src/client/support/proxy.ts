import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * What becomes of new connections: carried, destroyed at once, or accepted and never answered; `no-upgrades` carries all but
 * WebSockets, which it destroys while they are being opened, and `deaf-to-upgrades` swallows those.
 */
export type Behaviour = 'carry' | 'refuse' | 'blackhole' | 'no-upgrades' | 'deaf-to-upgrades';

/** A network between a client and a server that does what it is told. */
export interface TcpProxy {
  readonly url: string;
  behaviour: Behaviour;
  /** Everything carried is late by so much, milliseconds. */
  delayMs: number;
  /** Connections that are open on the client's side. */
  readonly open: number;
  /** WebSockets among them that are carried: whoever closes one is heard. */
  readonly sockets: number;
  /** Upgrades asked for so far. */
  readonly upgrades: number;
  /** Breaks all connections. */
  cut(): void;
  /** Stops carrying on all present connections, and closes none: both sides go on believing. */
  freeze(): void;
  close(): Promise<void>;
}

interface Pair {
  client: Socket;
  server: Socket | undefined;
  upgraded: boolean;
  frozen: boolean;
}

export async function createProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<Pair>();
  let upgrades = 0;

  async function carry(pair: Pair, chunk: Buffer, to: Socket | undefined): Promise<void> {
    if (proxy.delayMs > 0) await pause(proxy.delayMs);
    if (!pair.frozen && to?.writable) to.write(chunk);
  }

  function accept(client: Socket): void {
    if (proxy.behaviour === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const pair: Pair = {
      client,
      server: undefined,
      upgraded: false,
      frozen: proxy.behaviour === 'blackhole',
    };
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      pair.server?.destroy();
    };
    client.on('error', end);
    client.on('close', end);
    client.on('data', (chunk: Buffer) => {
      if (/^upgrade: *websocket/im.test(chunk.toString('latin1'))) {
        upgrades += 1;
        pair.upgraded = true;
        if (proxy.behaviour === 'no-upgrades') end();
        if (proxy.behaviour === 'deaf-to-upgrades') pair.frozen = true;
      }
      if (!pair.frozen) void carry(pair, chunk, pair.server);
    });
    if (pair.frozen) return;
    const server = connect(Number(port), hostname);
    pair.server = server;
    server.on('error', end);
    server.on('close', () => {
      // A frozen network does not tell that the other side is gone.
      if (!pair.frozen) end();
    });
    server.on('data', (chunk: Buffer) => void carry(pair, chunk, client));
  }

  const listener = createServer(accept);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');

  const proxy: TcpProxy = {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    behaviour: 'carry',
    delayMs: 0,
    get open() {
      return pairs.size;
    },
    get sockets() {
      return [...pairs].filter(({ upgraded, frozen }) => upgraded && !frozen).length;
    },
    get upgrades() {
      return upgrades;
    },
    cut() {
      for (const { client, server } of [...pairs]) {
        client.resetAndDestroy();
        server?.destroy();
      }
    },
    freeze() {
      for (const pair of pairs) pair.frozen = true;
    },
    async close() {
      proxy.cut();
      listener.close();
      await once(listener, 'close');
    },
  };
  return proxy;
}
