import type { ClientFrame, Cursor } from '@hhopkins/agent-protocol';
import { AgentServerError } from '@hhopkins/agent-protocol/light';
import type { Http } from '../rest/http.ts';
import { jsonOf, nothing } from '../rest/read-response.ts';
import type { Clock } from '../support/clock.ts';
import { pause } from '../support/pause.ts';
import type { Link, LinkEvents } from './link.ts';
import { readList } from './list-reader.ts';
import { createSessionReader } from './session-reader.ts';
import { SSE_LIMITS } from './sse-limits.ts';

/** The name of the list among the readers; a session's id is never empty. */
const LIST = '';

type CommandFrame = Extract<ClientFrame, { id: string }>;

/** The frames of a WebSocket over plain requests and server-sent events, for networks that let no WebSocket pass. */
export function openSseLink(http: Http, clock: Clock, events: LinkEvents): Link {
  const closed = new AbortController();
  const readers = new Map<string, AbortController>();
  let streams = 0;
  let streamsPass = true;

  /** What goes wrong with the connection or the key ends the link; the rest is about one session. */
  function fail(error: unknown, about: { sessionId?: string; id?: string } = {}): void {
    if (closed.signal.aborted) return;
    const known = AgentServerError.from(error, 'protocol_error');
    const isLost = known.code === 'connection_lost' || known.code === 'timeout';
    if (known.code === 'unauthorized') end('unauthorized', known);
    else if (isLost && about.id === undefined) end('lost', known);
    else events.frame({ type: 'error', ...about, error: known.toProblem() }, 0);
  }

  function end(why: 'lost' | 'unauthorized', error: AgentServerError): void {
    closed.abort();
    events.ended(why, error);
  }

  function read(name: string, run: (signal: AbortSignal) => Promise<void>): void {
    stop(name);
    const reading = new AbortController();
    const follow = () => reading.abort();
    closed.signal.addEventListener('abort', follow);
    readers.set(name, reading);
    run(reading.signal)
      .catch((error) => {
        if (!reading.signal.aborted) fail(error, name === LIST ? {} : { sessionId: name });
      })
      .finally(() => {
        closed.signal.removeEventListener('abort', follow);
        if (readers.get(name) === reading) readers.delete(name);
      });
  }

  function stop(name: string): void {
    readers.get(name)?.abort();
    readers.delete(name);
  }

  async function followSession(sessionId: string, after: Cursor | undefined, signal: AbortSignal) {
    const emit = (frame: Parameters<LinkEvents['frame']>[0]) => {
      if (!signal.aborted) events.frame(frame, 0);
    };
    const reader = createSessionReader({ sessionId, after, http, clock, signal, emit });
    while (!signal.aborted) {
      if (!streamsPass || streams >= SSE_LIMITS.streams) return reader.poll();
      streams += 1;
      const outcome = await reader.stream().finally(() => {
        streams -= 1;
      });
      if (outcome === 'failed') return;
      if (outcome === 'held' && !signal.aborted) streamsPass = false;
      else await pause(clock, SSE_LIMITS.reopenMs, signal);
    }
  }

  async function perform(frame: CommandFrame): Promise<void> {
    const { id, sessionId } = frame;
    try {
      const { path, json } = requestOf(frame);
      const headers = { 'idempotency-key': id };
      const request = { method: 'POST', path, json, headers, signal: closed.signal } as const;
      const result = await http.ask(request, jsonOf<Record<string, unknown>>);
      if (!closed.signal.aborted) events.frame({ type: 'ack', id, result }, 0);
    } catch (error) {
      fail(error, { id, sessionId });
    }
  }

  async function ping(): Promise<void> {
    try {
      await http.ask({ method: 'GET', path: '/health', signal: closed.signal }, nothing);
      if (!closed.signal.aborted) events.frame({ type: 'pong' }, 0);
    } catch (error) {
      fail(error);
    }
  }

  // One request shows both that the server is there and that it takes the key.
  http.ask({ method: 'GET', path: '/sessions', query: { limit: 1 }, signal: closed.signal }, nothing).then(
    () => {
      if (!closed.signal.aborted) events.ready();
    },
    (error) => {
      if (closed.signal.aborted) return;
      const known = AgentServerError.from(error, 'connection_lost');
      end(known.code === 'unauthorized' ? 'unauthorized' : 'lost', known);
    },
  );

  return {
    send(frame) {
      switch (frame.type) {
        case 'subscribe':
          if ('sessions' in frame) {
            const emit = (each: Parameters<LinkEvents['frame']>[0]) => events.frame(each, 0);
            read(LIST, (signal) => readList({ http, clock, signal, emit }));
          } else {
            const { sessionId, after } = frame;
            read(sessionId, (signal) => followSession(sessionId, after as Cursor | undefined, signal));
          }
          break;
        case 'unsubscribe': {
          const name = 'sessions' in frame ? LIST : frame.sessionId;
          stop(name);
          const about = name === LIST ? {} : { sessionId: name };
          queueMicrotask(() => {
            if (!closed.signal.aborted) events.frame({ type: 'unsubscribed', ...about }, 0);
          });
          break;
        }
        case 'ping':
          void ping();
          break;
        case 'ack':
        case 'auth':
          break;
        default:
          void perform(frame);
      }
    },
    close: () => closed.abort(),
  };
}

/** The route that does what the frame asks for. */
function requestOf(frame: CommandFrame): { path: string; json: unknown } {
  const route = `/sessions/${encodeURIComponent(frame.sessionId)}`;
  switch (frame.type) {
    case 'message':
    case 'interrupt': {
      const { type, id: _, sessionId: __, ...json } = frame;
      return { path: `${route}/${type}`, json };
    }
    case 'permission':
    case 'question': {
      const { type, id: _, sessionId: __, requestId, ...json } = frame;
      return { path: `${route}/${type}s/${encodeURIComponent(requestId)}`, json };
    }
  }
}
