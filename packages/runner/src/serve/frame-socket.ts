import { once } from 'node:events';
import type { Socket } from 'node:net';
import { AgentServerError, encodeLine, type RunnerFrame } from '@hhopkins/agent-protocol';

/** The sending side of a connection. */
export interface FrameSocket {
  /** For small frames that cannot wait: taken, pong, error. A peer that never reads is cut off. */
  send(frame: RunnerFrame): void;
  /** For large ones: resolves when the peer has room again. Rejects with `connection_lost`. */
  sendPaced(lines: Uint8Array | RunnerFrame): Promise<void>;
  readonly closed: boolean;
  /** Sends what is on its way, and ends. */
  end(): void;
}

/** What may wait in the socket before it is cut off, in bytes. */
const MOST_WAITING = 8 * 1024 * 1024;

export function createFrameSocket(socket: Socket): FrameSocket {
  const lost = () => new AgentServerError('connection_lost', 'the connection to the engine was lost');
  const isClosed = () => socket.destroyed || socket.writableEnded;

  return {
    get closed() {
      return isClosed();
    },
    send(frame) {
      if (isClosed()) return;
      socket.write(encodeLine(frame));
      if (socket.writableLength > MOST_WAITING) socket.destroy();
    },
    async sendPaced(lines) {
      if (isClosed()) throw lost();
      const bytes = lines instanceof Uint8Array ? lines : encodeLine(lines);
      if (socket.write(bytes)) return;
      const gone = new AbortController();
      try {
        await Promise.race([
          once(socket, 'drain', { signal: gone.signal }),
          once(socket, 'close', { signal: gone.signal }),
        ]);
      } catch {
        throw lost();
      } finally {
        gone.abort();
      }
      if (isClosed()) throw lost();
    },
    end() {
      if (!isClosed()) socket.end();
      // Whoever does not read to the end is not waited for.
      setTimeout(() => socket.destroy(), 2_000).unref();
    },
  };
}
