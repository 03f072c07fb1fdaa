import type { ServerFrame } from '@hhopkins/agent-protocol';
import { AgentServerError, CLOSE_CODES } from '@hhopkins/agent-protocol/light';
import type { Link, LinkEvents } from './link.ts';

/** What is used of a WebSocket: the browser's, that of Node, Bun and workers, and that of `ws` have it. */
export interface WebSocketLike {
  send(data: string): void;
  close(): void;
  /** `ws` alone can let go of a peer that does not answer. */
  terminate?(): void;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
}

export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;

/** Opens a WebSocket; the key goes as a subprotocol, which is all that browsers can send. */
export function openSocketLink(
  Socket: WebSocketConstructor,
  url: string,
  key: string | undefined,
  events: LinkEvents,
): Link {
  let socket: WebSocketLike | undefined;
  let over = false;
  let refusal: AgentServerError | undefined;

  const end = (why: 'lost' | 'restart' | 'unauthorized', error: AgentServerError) => {
    if (over) return;
    release();
    events.ended(why, refusal ?? error);
  };

  function release(): void {
    over = true;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    // Not null: `ws` throws what nobody listens to, and it has more to say when it is closed while it connects.
    socket.onerror = () => {};
    socket.close();
    socket.terminate?.();
  }

  function receive(data: unknown): void {
    const frame = parse(data);
    if (!frame) {
      end('lost', new AgentServerError('protocol_error', 'The server sent no frame.'));
    } else if (frame.type === 'ready') {
      events.ready();
    } else {
      // What an unadmitted client is told is why it is closed next.
      if (frame.type === 'error' && frame.error.code === 'unauthorized') {
        refusal = AgentServerError.fromProblem(frame.error);
      }
      events.frame(frame, (data as string).length);
    }
  }

  try {
    socket = key === undefined ? new Socket(url) : new Socket(url, ['agent-server', subprotocolOf(key)]);
    socket.onmessage = ({ data }: { data: unknown }) => {
      if (!over) receive(data);
    };
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }: { code: number; reason: string }) => {
      const said = reason ? `: ${reason}` : '';
      const lost = new AgentServerError('connection_lost', `The WebSocket was closed with ${code}${said}.`);
      if (code === CLOSE_CODES.unauthorized) end('unauthorized', lost);
      else end(code === CLOSE_CODES.restart ? 'restart' : 'lost', lost);
    };
  } catch (cause) {
    const error = new AgentServerError('connection_lost', 'The WebSocket could not be made.', { cause });
    // Never before the caller has the link.
    queueMicrotask(() => end('lost', error));
  }

  return {
    send(frame) {
      try {
        socket?.send(JSON.stringify(frame));
      } catch {
        // It is closing: its end is on the way, and what is outstanding is sent again on the next link.
      }
    },
    close() {
      if (!over) release();
    },
  };
}

/** A subprotocol has fewer characters than a key may have. */
const subprotocolOf = (key: string): string =>
  `bearer.${encodeURIComponent(key).replace(/[()]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)}`;

function parse(data: unknown): ServerFrame | undefined {
  try {
    const frame = JSON.parse(data as string) as ServerFrame | null;
    return typeof frame?.type === 'string' ? frame : undefined;
  } catch {
    return undefined;
  }
}
