import type { AccessPolicy, Clock, Logger, SessionEngine } from '@hhopkins/agent-core';
import { AgentServerError, CLOSE_CODES, type ClientFrame } from '@hhopkins/agent-protocol';
import { createDesk, type Desk } from './desk.ts';
import { readFrame } from './incoming.ts';
import type { WebSocketLimits } from './limits.ts';
import { createOutbox } from './outbox.ts';
import { createRate } from './rate.ts';
import { OPEN, type Socket } from './socket.ts';

/** One client's socket, from the handshake to its end. */
export interface Connection {
  readonly subscriptions: number;
  /** It presented a key, or none is needed. */
  readonly admitted: boolean;
  /** A frame came: text, or bytes for a binary one. */
  receive(data: unknown): void;
  /** The peer showed that it lives. */
  seen(): void;
  /** Pings, and gives up a peer that is dead or does not read. Called every `heartbeatMs`. */
  beat(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  /** The socket is gone: everything that it held is let go. */
  ended(): void;
}

export interface ConnectionParts {
  socket: Socket;
  engine: SessionEngine;
  access: AccessPolicy;
  /** What the handshake presented, if anything. */
  token: string | undefined;
  limits: Readonly<WebSocketLimits>;
  clock: Clock;
  logger: Logger | undefined;
}

/** What a frame was about, as far as it says, so that the client can tell which of its wishes failed. */
interface About {
  id?: string | undefined;
  sessionId?: string | undefined;
}

/** A key and what is around it; whoever is not admitted gets nothing larger parsed. */
const AUTH_FRAME_BYTES = 4096;

export function createConnection(parts: ConnectionParts): Connection {
  const { socket, access, limits, clock, logger } = parts;
  const outbox = createOutbox(socket, clock);
  const rate = createRate(limits.framesPerSecond, clock);
  let desk: Desk | undefined;
  let alive = true;
  let fullSince: number | undefined;
  let paused = false;

  function fail(thrown: unknown, about: About = {}): void {
    const error = AgentServerError.from(thrown);
    if (error.code === 'internal') {
      logger?.log('error', 'a frame failed', { ...about, error: error.cause ?? error });
    }
    outbox.send({ type: 'error', ...about, error: error.toProblem() });
  }

  /** The first frame any client gets is `ready` or a refusal. */
  function admit(token: string | undefined): void {
    let principal: string;
    try {
      principal = access.authenticate(token);
    } catch (error) {
      refuse(error);
      return;
    }
    cancelAuthDeadline();
    desk = createDesk({ sessions: parts.engine.sessions, principal, outbox, limits, clock, fail });
    outbox.send({ type: 'ready' });
  }

  function refuse(error: unknown): void {
    cancelAuthDeadline();
    fail(error);
    socket.close(CLOSE_CODES.unauthorized, 'unauthorized');
  }

  const cancelAuthDeadline = clock.schedule(limits.authMs, () => {
    refuse(new AgentServerError('unauthorized', `No key was presented within ${limits.authMs} ms.`));
  });
  if (!access.requiresKey || parts.token !== undefined) admit(parts.token);

  function readAuth(data: unknown): void {
    const { frame } = readFrame(data, AUTH_FRAME_BYTES);
    if (frame?.type === 'auth') admit(frame.token);
    else refuse(new AgentServerError('unauthorized', 'The first frame must be `auth` with the key.'));
  }

  function readNext(data: unknown, to: Desk): void {
    const { frame, bad } = readFrame(data, limits.frameBytes);
    try {
      if (!rate.take()) {
        throw new AgentServerError('rate_limited', `More than ${limits.framesPerSecond} frames a second.`);
      }
      if (bad) throw bad.error;
      to.handle(frame);
    } catch (error) {
      fail(error, bad ? { id: bad.id, sessionId: bad.sessionId } : aboutOf(frame));
    }
  }

  /** A client that does not read its answers is not read either, so that they stay bounded. */
  async function holdWhileUnread(): Promise<void> {
    const isRead = () => outbox.answerBytes <= limits.readerBytes;
    if (paused || isRead()) return;
    paused = true;
    socket.pause();
    await outbox.waitUntil(isRead, limits.stallMs);
    paused = false;
    socket.resume();
  }

  return {
    get subscriptions() {
      return desk?.subscriptions ?? 0;
    },
    get admitted() {
      return desk !== undefined;
    },
    receive(data) {
      if (socket.readyState !== OPEN) return;
      alive = true;
      if (desk) readNext(data, desk);
      else readAuth(data);
      void holdWhileUnread();
    },
    seen() {
      alive = true;
    },
    beat() {
      if (outbox.bufferedBytes <= limits.readerBytes) fullSince = undefined;
      else fullSince ??= clock.now();
      if (fullSince !== undefined && clock.now() - fullSince >= limits.stallMs) {
        socket.close(CLOSE_CODES.tooSlow, 'too slow');
        // The close frame stands behind all that the peer does not read.
        clock.schedule(limits.closeMs, () => socket.terminate());
      } else if (!alive && fullSince === undefined) {
        socket.terminate();
      } else {
        alive = false;
        socket.ping();
      }
    },
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    ended() {
      cancelAuthDeadline();
      desk?.close();
      outbox.moved();
    },
  };
}

const aboutOf = (frame: ClientFrame): About => ({
  ...('id' in frame ? { id: frame.id } : {}),
  ...('sessionId' in frame ? { sessionId: frame.sessionId } : {}),
});
