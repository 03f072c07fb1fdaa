import { createServer, type Server, type Socket } from 'node:net';
import { AgentServerError, createLineDecoder, encodeLine, parseOrThrow } from '@hhopkins/agent-protocol';
import {
  type ControlReply,
  type ControlRequest,
  controlRequestSchema,
  LONGEST_LINE,
  type RelayHello,
  type RelayStatus,
} from './messages.ts';

/** Servers at a time, a count; more are turned away. */
const MOST_ATTENDANTS = 32;

/** What the control connections act on. */
export interface Controlled {
  hello(): RelayHello;
  /** Does what was asked; a `status` request is answered with what it returns. */
  perform(request: ControlRequest): RelayStatus | undefined;
  /** Somebody attends; the returned function is called when they leave. */
  attend(): () => void;
}

export interface ControlServer {
  /** It is not listening yet. */
  readonly server: Server;
  /** How many servers are connected. */
  attendants(): number;
  /** Lets go of every server, after what has been said to it. */
  disconnect(): void;
}

/** JSON lines on the server's own socket. */
export function createControlServer(controlled: Controlled): ControlServer {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, controlled);
  });
  server.maxConnections = MOST_ATTENDANTS;
  return {
    server,
    // One that has hung up is gone before its socket is closed.
    attendants: () =>
      [...sockets].filter(({ destroyed, readableEnded }) => !destroyed && !readableEnded).length,
    disconnect() {
      for (const socket of sockets) socket.destroySoon();
    },
  };
}

function serve(socket: Socket, controlled: Controlled): void {
  const leave = controlled.attend();
  const decoder = createLineDecoder('control connection', LONGEST_LINE);
  const send = (reply: ControlReply | RelayHello): void => void socket.write(encodeLine(reply));

  socket.once('close', leave);
  socket.on('error', () => socket.destroy());
  send(controlled.hello());
  socket.on('data', (chunk) => {
    try {
      for (const line of decoder.push(chunk)) send(answer(controlled, line));
    } catch (error) {
      send(failure(null, error));
      socket.destroySoon();
    }
  });
}

function answer(controlled: Controlled, line: unknown): ControlReply {
  const id = typeof line === 'object' && line !== null && 'id' in line ? String(line.id) : null;
  try {
    const request = parseOrThrow(controlRequestSchema, line, 'a line to the relay');
    const status = controlled.perform(request);
    return { type: 'done', id: request.id, ...(status ? { status } : {}) };
  } catch (error) {
    return failure(id, error);
  }
}

function failure(id: string | null, error: unknown): ControlReply {
  return { type: 'error', id, problem: AgentServerError.from(error).toProblem() };
}
