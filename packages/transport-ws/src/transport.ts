import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type AccessPolicy,
  type Clock,
  createAccessPolicy,
  type Logger,
  type SessionEngine,
  systemClock,
} from '@hhopkins/agent-core';
import { AgentServerError, CLOSE_CODES } from '@hhopkins/agent-protocol';
import { createNodeWebSocket } from '@hono/node-ws';
import { Hono } from 'hono';
import { type Connection, createConnection } from './connection.ts';
import { checkHandshake, chooseSubprotocol, pathOf, refuseUpgrade, tokenOf } from './handshake.ts';
import { DEFAULT_WEB_SOCKET_LIMITS, type WebSocketLimits } from './limits.ts';
import type { Socket } from './socket.ts';

export interface WebSocketTransportOptions {
  engine: SessionEngine;
  /** Default: no key, and reachable under loopback names only. */
  access?: AccessPolicy | undefined;
  limits?: Partial<WebSocketLimits> | undefined;
  logger?: Logger | undefined;
  /** Where sockets are served. Default `/` and `/ws`. */
  paths?: readonly string[] | undefined;
  clock?: Clock | undefined;
}

export interface WebSocketTransport {
  /** Serves the upgrades of `server`, which stays the caller's. Other paths are left to its other upgrade listeners, if any. */
  attach(server: Server): void;
  /** Sends every peer away to reconnect (1012), takes no new ones, and lets go of the servers. */
  close(): Promise<void>;
  /** Gauges for `/metrics`. */
  metrics(): Record<string, number>;
}

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;

/**
 * The engine's WebSocket interface: many sessions a socket, each reader at its own pace.
 *
 * @example
 * const sockets = createWebSocketTransport({ engine, access });
 * sockets.attach(server);
 * …
 * await sockets.close();
 */
export function createWebSocketTransport(options: WebSocketTransportOptions): WebSocketTransport {
  const { engine, logger, access = createAccessPolicy(), clock = systemClock } = options;
  const limits = { ...DEFAULT_WEB_SOCKET_LIMITS, ...options.limits };
  const paths: ReadonlySet<string> = new Set(options.paths ?? ['/', '/ws']);
  const connections = new Set<Connection>();
  const detach: (() => void)[] = [];
  let stopping = false;
  let emptied = () => {};

  const connect = (socket: Socket, token: string | undefined): Connection => {
    const connection = createConnection({ socket, engine, access, token, limits, clock, logger });
    connections.add(connection);
    socket.on('pong', () => connection.seen());
    return connection;
  };
  const drop = (connection: Connection) => {
    connection.ended();
    connections.delete(connection);
    if (connections.size === 0) emptied();
  };
  const upgrade = createUpgrade(limits, connect, drop, (error) =>
    logger?.log('warn', 'a socket failed', { error }),
  );

  const strangers = () => [...connections].filter(({ admitted }) => !admitted).length;

  let cancelBeat = () => {};
  const beat = () => {
    for (const connection of connections) connection.beat();
    cancelBeat = clock.schedule(limits.heartbeatMs, beat);
  };

  function onUpgrade(server: Server): UpgradeListener {
    return async (request, socket, head) => {
      // Until the socket is a WebSocket nobody else listens, and an unheard error would end the process.
      socket.on('error', () => socket.destroy());
      try {
        if (!paths.has(pathOf(request)) && server.listenerCount('upgrade') > 1) return;
        access.checkOrigin({ host: request.headers.host, origin: request.headers.origin });
        checkHandshake(request, paths);
        if (stopping) throw new AgentServerError('shutting_down', 'The server is stopping. Connect again.');
        if (connections.size >= limits.connections) {
          throw new AgentServerError('capacity', `The server has its ${limits.connections} sockets open.`);
        }
        const isStranger = access.requiresKey && tokenOf(request.headers) === undefined;
        if (isStranger && strangers() >= limits.strangers) {
          throw new AgentServerError('capacity', `${limits.strangers} sockets have not said their key yet.`);
        }
        await upgrade(request, socket, head);
      } catch (error) {
        refuseUpgrade(socket, error);
      }
    };
  }

  return {
    attach(server) {
      const listener = onUpgrade(server);
      server.on('upgrade', listener);
      detach.push(() => server.off('upgrade', listener));
      if (detach.length === 1) cancelBeat = clock.schedule(limits.heartbeatMs, beat);
    },
    async close() {
      stopping = true;
      cancelBeat();
      for (const connection of connections) connection.close(CLOSE_CODES.restart, 'the server is stopping');
      if (connections.size > 0) {
        await new Promise<void>((resolve) => {
          emptied = resolve;
          clock.schedule(limits.closeMs, () => {
            for (const connection of connections) {
              connection.terminate();
              drop(connection);
            }
          });
        });
      }
      for (const remove of detach.splice(0)) remove();
    },
    metrics() {
      const subscriptions = [...connections].reduce((sum, each) => sum + each.subscriptions, 0);
      return {
        agent_server_websocket_connections: connections.size,
        agent_server_websocket_subscriptions: subscriptions,
      };
    },
  };
}

/** Makes a checked upgrade into a connection, by way of `@hono/node-ws`. */
function createUpgrade(
  limits: Readonly<WebSocketLimits>,
  connect: (socket: Socket, token: string | undefined) => Connection,
  drop: (connection: Connection) => void,
  onError: (error: unknown) => void,
): UpgradeListener {
  const app = new Hono<{ Bindings: { incoming: IncomingMessage } }>();
  const { wss, upgradeWebSocket, injectWebSocket } = createNodeWebSocket({ app });
  Object.assign(wss.options, {
    maxPayload: limits.hardFrameBytes,
    perMessageDeflate: false,
    handleProtocols: chooseSubprotocol,
  });
  app.get(
    '*',
    upgradeWebSocket(
      (context) => {
        const token = tokenOf(context.env.incoming.headers);
        let connection: Connection | undefined;
        return {
          onOpen(_, { raw }) {
            if (raw) connection = connect(raw as Socket, token);
          },
          onMessage({ data }) {
            connection?.receive(data);
          },
          onClose() {
            if (connection) drop(connection);
          },
        };
      },
      { onError },
    ),
  );

  // It is made to listen on a server by itself; what it does there is wanted without the listening.
  let listener: UpgradeListener | undefined;
  const catcher = { on: (_event: 'upgrade', upgrade: UpgradeListener) => (listener = upgrade) };
  injectWebSocket(catcher as unknown as Server);
  return async (request, socket, head) => listener?.(request, socket, head);
}
