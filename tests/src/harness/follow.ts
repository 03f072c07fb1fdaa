import { setTimeout as pause } from 'node:timers/promises';
import {
  parseEvent,
  type ReadEventsResponse,
  type ServerFrame,
  type Snapshot,
} from '@hhopkins/agent-protocol';
import WebSocket from 'ws';
import type { Witness } from './witness.ts';

/** How a client follows a session. */
export type Transport = 'websocket' | 'sse' | 'rest';
export const TRANSPORTS: readonly Transport[] = ['websocket', 'sse', 'rest'];

/** One connection, until it breaks: resolves then, and never rejects. */
type Connection = (url: string, witness: Witness, signal: AbortSignal) => Promise<void>;

export interface Follower {
  /** Breaks the connection, as a network does; the follower connects again with its cursor. */
  cut(): void;
  /** Ends the following. */
  close(): Promise<void>;
}

const RECONNECT_MS = 50;
const POLL_MS = 50;

/** Follows a session from the witness' cursor, or from the beginning, over whatever connections it takes. */
export function follow(transport: Transport, url: () => string, witness: Witness): Follower {
  const closed = new AbortController();
  let connection = new AbortController();
  const run = async () => {
    while (!closed.signal.aborted) {
      connection = new AbortController();
      await CONNECTIONS[transport](url(), witness, AbortSignal.any([closed.signal, connection.signal]));
      await pause(RECONNECT_MS, undefined, { signal: closed.signal }).catch(() => {});
    }
  };
  const running = run();
  return {
    cut: () => connection.abort(),
    async close() {
      closed.abort();
      await running;
    },
  };
}

const CONNECTIONS: Record<Transport, Connection> = {
  websocket: (url, witness, signal) =>
    new Promise((resolve) => {
      const socket = new WebSocket(url.replace('http', 'ws'));
      signal.addEventListener('abort', () => socket.terminate(), { once: true });
      if (signal.aborted) socket.terminate();
      socket.on('open', () => {
        const after = witness.cursor ?? 0;
        socket.send(JSON.stringify({ type: 'subscribe', sessionId: witness.sessionId, after }));
      });
      socket.on('message', (data) => {
        if (signal.aborted) return;
        takeFrame(JSON.parse(String(data)) as ServerFrame, witness);
        const seq = witness.cursor?.seq;
        if (seq) socket.send(JSON.stringify({ type: 'ack', sessionId: witness.sessionId, seq }));
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve());
    }),

  async sse(url, witness, signal) {
    const { streamId, seq } = witness.cursor ?? {};
    const query =
      streamId === undefined ? 'after=0' : `after=${seq}&streamId=${encodeURIComponent(streamId)}`;
    try {
      const answer = await fetch(`${url}/sessions/${witness.sessionId}/events?${query}`, {
        headers: { accept: 'text/event-stream' },
        signal,
      });
      let rest = '';
      for await (const chunk of (answer.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
        const messages = (rest + chunk).split('\n\n');
        rest = messages.pop() ?? '';
        if (signal.aborted) return;
        for (const message of messages) takeMessage(message, witness);
      }
    } catch {
      // The connection broke, or could not be made.
    }
  },

  async rest(url, witness, signal) {
    try {
      while (!signal.aborted) {
        const { streamId, seq = 0 } = witness.cursor ?? {};
        const query = `after=${seq}&limit=100${streamId ? `&streamId=${encodeURIComponent(streamId)}` : ''}`;
        const answer = await fetch(`${url}/sessions/${witness.sessionId}/events?${query}`, { signal });
        if (!answer.ok) return;
        const page = (await answer.json()) as ReadEventsResponse;
        if (signal.aborted) return;
        if (page.reset) witness.takeSnapshot(page.reset);
        witness.takeStream(page.streamId);
        witness.takeEvents(page.events.map(parseEvent));
        if (page.next >= page.head) await pause(POLL_MS, undefined, { signal });
      }
    } catch {
      // The connection broke, or could not be made.
    }
  },
};

function takeFrame(frame: ServerFrame, witness: Witness): void {
  if (frame.type === 'subscribed') {
    if (frame.snapshot) witness.takeSnapshot(frame.snapshot);
    witness.takeStream(frame.streamId);
  }
  if (frame.type === 'reset') witness.takeSnapshot(frame.snapshot);
  if (frame.type === 'events') witness.takeEvents(frame.events.map(parseEvent));
}

/** A message of server-sent events: an unnamed one is an event of the session. */
function takeMessage(message: string, witness: Witness): void {
  const fields = new Map(
    message.split('\n').map((line) => {
      const [, name = '', value = ''] = /^(\w*): ?(.*)$/.exec(line) ?? [];
      return [name, value] as const;
    }),
  );
  const data = fields.get('data');
  if (data === undefined) return;
  const name = fields.get('event');
  if (name === undefined) witness.takeEvents([parseEvent(JSON.parse(data))]);
  if (name !== 'subscribed' && name !== 'reset') return;
  const { snapshot, streamId } = JSON.parse(data) as { snapshot?: Snapshot; streamId?: string };
  if (snapshot) witness.takeSnapshot(snapshot);
  if (streamId !== undefined) witness.takeStream(streamId);
}
