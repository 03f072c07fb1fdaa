import type { ClientFrame, Cursor, ServerFrame } from '@hhopkins/agent-protocol';
import { AgentServerError, type ErrorCode } from '@hhopkins/agent-protocol/light';
import type { WebSocketConstructor } from '../../src/links/socket-link.ts';
import type { FakeClock } from './fake-clock.ts';
import { createFakeSession, type FakeSession } from './fake-session.ts';

/** What the network does: to connections there are (`cut` at once, `silent` keeps them but carries nothing), and to new ones. */
export type Network = 'fine' | 'refused' | 'hanging' | 'silent';

/** A server and the network before it, in memory and on a fake clock. */
export interface FakeServer {
  readonly WebSocket: WebSocketConstructor;
  readonly sessions: ReadonlyMap<string, FakeSession>;
  /** Sockets that are open, on either side's view. */
  readonly openSockets: number;
  /** The keys that were shown, in order. */
  readonly keys: readonly (string | undefined)[];
  readonly frames: readonly ClientFrame[];
  /** Ids of the messages done, in order. */
  readonly done: readonly string[];
  /** The key it takes; undefined for any. */
  accepts: string | undefined;
  network: Network;
  addSession(sessionId: string, events?: number): FakeSession;
  removeSession(sessionId: string): void;
  emit(sessionId: string, ...drafts: Parameters<FakeSession['emit']>): void;
  rewind(sessionId: string): void;
  /** Closes every socket; without a code, as a network that breaks does. */
  cut(code?: number): void;
  lag(sessionId: string): void;
  /** The next frame of events to each reader is lost, or comes twice. */
  spoil(how: 'lose' | 'double' | undefined): void;
  /** The next `count` messages are answered with `code`; not done, or done all the same. */
  refuse(code: ErrorCode, count: number, done?: boolean): void;
  /** The answers to the next `count` messages are lost, though they are done. */
  swallow(count: number): void;
}

interface Peer {
  send(frame: ServerFrame): void;
  receive(text: string): void;
  closed(code: number): void;
  readonly positions: Map<string, Cursor>;
  isOpen: boolean;
}

const LATENCY = 5;

export function createFakeServer(clock: FakeClock): FakeServer {
  const sessions = new Map<string, FakeSession>();
  const peers = new Set<Peer>();
  const answers = new Map<string, Record<string, unknown>>();
  const keys: (string | undefined)[] = [];
  const frames: ClientFrame[] = [];
  const done: string[] = [];
  let spoiled: 'lose' | 'double' | undefined;
  let refusals: { code: ErrorCode; done: boolean }[] = [];
  let swallowed = 0;

  const problem = (code: ErrorCode) => new AgentServerError(code, code).toProblem();

  /** Sends every reader what it lacks. */
  function publish(): void {
    for (const peer of peers) {
      for (const [sessionId, position] of peer.positions) {
        const session = sessions.get(sessionId);
        if (!session) continue;
        if (position.streamId !== session.streamId) {
          peer.positions.set(sessionId, { streamId: session.streamId, seq: session.events.length });
          peer.send({ type: 'reset', sessionId, snapshot: session.snapshot() });
          continue;
        }
        const events = session.events.slice(position.seq);
        if (events.length === 0) continue;
        peer.positions.set(sessionId, { ...position, seq: session.events.length });
        const how = spoiled;
        spoiled = undefined;
        if (how === 'lose') continue;
        peer.send({ type: 'events', sessionId, events });
        if (how === 'double') peer.send({ type: 'events', sessionId, events });
      }
    }
  }

  function perform(frame: Extract<ClientFrame, { type: 'message' }>): Record<string, unknown> {
    const known = answers.get(frame.id);
    if (known) return known;
    const ids = { messageId: `message-${frame.id}`, turnId: `turn-${frame.id}` };
    const result = { sessionId: frame.sessionId, ...ids, durability: 'store' };
    answers.set(frame.id, result);
    done.push(frame.id);
    const { content, delivery } = frame;
    sessions.get(frame.sessionId)?.emit({ type: 'turn:queued', payload: { ...ids, content, delivery } });
    return result;
  }

  function handle(peer: Peer, frame: ClientFrame): void {
    frames.push(frame);
    switch (frame.type) {
      case 'ping':
        peer.send({ type: 'pong' });
        break;
      case 'subscribe': {
        if ('sessions' in frame) break;
        const { sessionId } = frame;
        const session = sessions.get(sessionId);
        if (!session) {
          peer.send({ type: 'error', sessionId, error: problem('session_not_found') });
          break;
        }
        const after = frame.after as Cursor | undefined;
        const { streamId } = session;
        const isOfUse = after?.streamId === streamId && after.seq <= session.events.length;
        const seq = isOfUse ? after.seq : session.events.length;
        peer.positions.set(sessionId, { streamId, seq });
        const snapshot = isOfUse ? {} : { snapshot: session.snapshot() };
        peer.send({ type: 'subscribed', sessionId, streamId, seq, ...snapshot });
        break;
      }
      case 'unsubscribe':
        if ('sessions' in frame) break;
        peer.positions.delete(frame.sessionId);
        peer.send({ type: 'unsubscribed', sessionId: frame.sessionId });
        break;
      case 'message': {
        const refusal = refusals.shift();
        const result = refusal && !refusal.done ? undefined : perform(frame);
        publish();
        if (refusal) peer.send({ type: 'error', id: frame.id, error: problem(refusal.code) });
        else if (swallowed > 0) swallowed -= 1;
        else if (result) peer.send({ type: 'ack', id: frame.id, result });
        break;
      }
      default:
    }
    publish();
  }

  class FakeSocket {
    onmessage: ((event: never) => void) | null = null;
    onclose: ((event: never) => void) | null = null;
    onerror: ((event: never) => void) | null = null;
    readonly #peer: Peer;

    constructor(_url: string, protocols: string[] = []) {
      const shown = protocols.find((each) => each.startsWith('bearer.'))?.slice('bearer.'.length);
      const key = shown === undefined ? undefined : decodeURIComponent(shown);
      /** What is on its way when the connection ends never arrives. */
      const carry = (act: () => void) =>
        clock.schedule(LATENCY, () => {
          if (this.#peer.isOpen && server.network !== 'silent') act();
        });
      this.#peer = {
        positions: new Map(),
        isOpen: true,
        send: (frame) => void carry(() => this.onmessage?.({ data: JSON.stringify(frame) } as never)),
        receive: (text) => void carry(() => handle(this.#peer, JSON.parse(text))),
        closed: (code) => {
          this.#peer.isOpen = false;
          peers.delete(this.#peer);
          this.onclose?.({ code, reason: '' } as never);
        },
      };
      const peer = this.#peer;
      peers.add(peer);
      if (server.network === 'hanging' || server.network === 'silent') return;
      clock.schedule(LATENCY, () => {
        if (!peer.isOpen) return;
        if (server.network === 'refused') return peer.closed(1006);
        keys.push(key);
        if (server.accepts === undefined || server.accepts === key) return peer.send({ type: 'ready' });
        peer.send({ type: 'error', error: problem('unauthorized') });
        carry(() => peer.closed(4401));
      });
    }

    send(data: string): void {
      this.#peer.receive(data);
    }

    close(): void {
      this.#peer.isOpen = false;
      peers.delete(this.#peer);
    }
  }

  const server: FakeServer = {
    WebSocket: FakeSocket,
    sessions,
    get openSockets() {
      return peers.size;
    },
    keys,
    frames,
    done,
    accepts: undefined,
    network: 'fine',
    addSession(sessionId, events = 0) {
      const session = createFakeSession(sessionId);
      sessions.set(sessionId, session);
      for (let index = 0; index < events; index += 1) {
        session.emit({ type: 'log', payload: { level: 'info', message: `${index}` } });
      }
      return session;
    },
    removeSession(sessionId) {
      sessions.delete(sessionId);
      for (const peer of peers) {
        if (peer.positions.delete(sessionId)) peer.send({ type: 'unsubscribed', sessionId });
      }
    },
    emit(sessionId, ...drafts) {
      sessions.get(sessionId)?.emit(...drafts);
      publish();
    },
    rewind(sessionId) {
      sessions.get(sessionId)?.rewind();
      publish();
    },
    cut(code = 1006) {
      for (const peer of [...peers]) peer.closed(code);
    },
    lag(sessionId) {
      for (const peer of peers) {
        const position = peer.positions.get(sessionId);
        if (!position) continue;
        peer.positions.delete(sessionId);
        peer.send({ type: 'lagging', sessionId, after: position.seq });
      }
    },
    spoil(how) {
      spoiled = how;
    },
    refuse(code, count, wasDone = false) {
      refusals = Array.from({ length: count }, () => ({ code, done: wasDone }));
    },
    swallow(count) {
      swallowed = count;
    },
  };
  return server;
}
