import type { IncomingMessage } from 'node:http';
import { type ServerFrame, serverFrameSchema } from '@hhopkins/agent-protocol';
import { type ClientOptions, type RawData, WebSocket } from 'ws';
import { inTime } from '../deadline.ts';

/** A WebSocket with its frames in a queue. */
export interface SocketClient {
  send(frame: unknown): void;
  sendRaw(data: string | Uint8Array): void;
  /** The next frame that nobody took yet. Rejects when the socket ends first. */
  next(): Promise<ServerFrame>;
  /** The next frame of this type; others before it are dropped. */
  nextOf<Type extends ServerFrame['type']>(type: Type): Promise<Extract<ServerFrame, { type: Type }>>;
  /** Stops, or goes on, taking bytes from the connection. */
  pause(): void;
  resume(): void;
  /** Ends it without a word, as a lost network does. */
  drop(): void;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly protocol: string;
}

export interface SocketOptions {
  path?: string;
  protocols?: string[];
  headers?: Record<string, string>;
  /** Whether to wait for the `ready` frame. Default true. */
  ready?: boolean;
  client?: ClientOptions;
}

/** An upgrade that was answered with a status instead. */
export class UpgradeRefused extends Error {
  readonly status: number;
  readonly body: string;
  constructor(status: number, body: string) {
    super(`the upgrade was refused with ${status}: ${body.slice(0, 200)}`);
    this.status = status;
    this.body = body;
  }
}

export async function openSocket(url: string, options: SocketOptions = {}): Promise<SocketClient> {
  const { path = '/ws', protocols = [], headers = {}, ready = true } = options;
  const socket = new WebSocket(url.replace(/^http/, 'ws') + path, protocols, {
    headers,
    maxPayload: 64 * 1024 * 1024,
    ...options.client,
  });
  const frames: ServerFrame[] = [];
  let failure: Error | undefined;
  let wake = () => {};
  let ended: (how: { code: number; reason: string }) => void;
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ended = resolve;
  });

  socket.on('message', (data: RawData) => {
    try {
      frames.push(serverFrameSchema.parse(JSON.parse(String(data))));
    } catch (error) {
      failure = new Error(`the server sent no frame of the protocol: ${String(data).slice(0, 200)}`, {
        cause: error,
      });
    }
    wake();
  });
  socket.on('close', (code, reason) => {
    failure ??= new Error(`the socket was closed with ${code} ${String(reason)}`);
    ended({ code, reason: String(reason) });
    wake();
  });
  await inTime('the WebSocket', opened(socket));
  socket.on('error', (error) => {
    failure ??= error;
  });

  const waitForFrame = async (): Promise<ServerFrame> => {
    for (;;) {
      const frame = frames.shift();
      if (frame) return frame;
      if (failure) throw failure;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const client: SocketClient = {
    send: (frame) => socket.send(JSON.stringify(frame)),
    sendRaw: (data) => socket.send(data),
    next: () => inTime('a frame', waitForFrame()),
    nextOf: <Type extends ServerFrame['type']>(type: Type) =>
      inTime(
        `a frame ${type}`,
        (async () => {
          for (;;) {
            const frame = await waitForFrame();
            if (frame.type === type) return frame as Extract<ServerFrame, { type: Type }>;
          }
        })(),
      ),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    drop: () => socket.terminate(),
    closed,
    protocol: socket.protocol,
  };
  if (ready) await client.nextOf('ready');
  return client;
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => {
        reject(new UpgradeRefused(response.statusCode ?? 0, body));
        socket.terminate();
      });
    });
  });
}
