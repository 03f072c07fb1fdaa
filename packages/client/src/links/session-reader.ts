import type {
  Cursor,
  GetSessionResponse,
  Problem,
  ReadEventsResponse,
  ServerFrame,
  SessionEvent,
  Snapshot,
} from '@hhopkins/agent-protocol';
import type { Http } from '../rest/http.ts';
import { jsonOf } from '../rest/read-response.ts';
import type { Clock } from '../support/clock.ts';
import { pause } from '../support/pause.ts';
import { createEventDecoder, type ServerSentEvent } from './server-sent-events.ts';
import { SSE_LIMITS } from './sse-limits.ts';

export interface SessionReaderParts {
  sessionId: string;
  after: Cursor | undefined;
  http: Http;
  clock: Clock;
  /** Ends the reader. */
  signal: AbortSignal;
  emit(frame: ServerFrame): void;
}

type Events = Extract<ServerFrame, { type: 'events' }>['events'];

/** Reads one session over HTTP and tells it in the frames of a WebSocket. Knows where it stands from one way to the other. */
export function createSessionReader({ sessionId, after, http, clock, signal, emit }: SessionReaderParts) {
  const route = `/sessions/${encodeURIComponent(sessionId)}`;
  let cursor = after;

  const begin = (streamId: string, seq: number, snapshot?: Snapshot) => {
    cursor = { streamId, seq };
    emit({ type: 'subscribed', sessionId, streamId, seq, ...(snapshot ? { snapshot } : {}) });
  };
  const reset = (snapshot: Snapshot) => {
    cursor = { streamId: snapshot.streamId, seq: snapshot.seq };
    emit({ type: 'reset', sessionId, snapshot });
  };
  const advance = (events: Events) => {
    const last = events.at(-1);
    if (!last || !cursor) return;
    cursor = { ...cursor, seq: last.seq };
    emit({ type: 'events', sessionId, events });
  };

  /** True when the stream is at its end for good. */
  function tell(messages: readonly ServerSentEvent[]): boolean {
    let events: SessionEvent[] = [];
    for (const { event, data } of messages) {
      if (event === 'message') {
        events.push(JSON.parse(data) as SessionEvent);
        continue;
      }
      advance(events);
      events = [];
      const value = JSON.parse(data);
      if (event === 'subscribed') begin(value.streamId, value.seq, value.snapshot);
      else if (event === 'reset') reset(value.snapshot);
      else if (event === 'error') {
        emit({ type: 'error', sessionId, error: value as Problem });
        return true;
      }
    }
    advance(events);
    return false;
  }

  return {
    /**
     * Follows the event stream until it ends or falls silent.
     *
     * @returns `held` when nothing came at all: something between holds streams back; `failed` when the server said so
     * @throws AgentServerError when it cannot be opened
     */
    async stream(): Promise<'ended' | 'held' | 'failed'> {
      const headers = { accept: 'text/event-stream' };
      const query = cursor ? { after: cursor.seq, streamId: cursor.streamId } : {};
      const { response, end } = await http.open({
        method: 'GET',
        path: `${route}/events`,
        query,
        headers,
        signal,
      });
      let cancelWatch = () => {};
      let came = false;
      try {
        const body = response.body?.getReader();
        if (!body) return 'held';
        const watch = () => {
          cancelWatch();
          cancelWatch = clock.schedule(came ? SSE_LIMITS.silentMs : SSE_LIMITS.firstEventMs, end);
        };
        const decoder = createEventDecoder();
        const text = new TextDecoder();
        for (;;) {
          watch();
          const { done, value } = await body.read();
          if (done) return 'ended';
          came = true;
          if (tell(decoder.push(text.decode(value, { stream: true })))) return 'failed';
        }
      } catch {
        // It broke off, or was given up: what matters is whether it worked until then.
        return came ? 'ended' : 'held';
      } finally {
        cancelWatch();
        end();
      }
    },

    /**
     * Asks for what is new, again and again.
     * @throws AgentServerError as the requests do
     */
    async poll(): Promise<void> {
      let greeted = false;
      while (!signal.aborted) {
        if (!cursor) {
          const answer = await http.ask({ method: 'GET', path: route, signal }, jsonOf<GetSessionResponse>);
          const { pending: _, ...snapshot } = answer;
          begin(snapshot.streamId, snapshot.seq, snapshot);
          greeted = true;
        }
        const from = cursor as unknown as Cursor;
        const query = { after: from.seq, streamId: from.streamId, limit: SSE_LIMITS.eventPage };
        const page = await http.ask(
          { method: 'GET', path: `${route}/events`, query, signal },
          jsonOf<ReadEventsResponse>,
        );
        if (page.reset && greeted) reset(page.reset);
        else if (!greeted) begin(page.streamId, page.reset?.seq ?? from.seq, page.reset);
        greeted = true;
        advance(page.events);
        if (page.next >= page.head) await pause(clock, SSE_LIMITS.pollMs, signal);
      }
    },
  };
}
