import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request as openRequest } from 'node:http';
import type { SessionEvent, Snapshot } from '@hhopkins/agent-protocol';
import { inTime } from '../deadline.ts';
import type { ReaderKind } from './reader.ts';

/** One server-sent event, as the standard has it read. */
export interface ServerSentEvent {
  event: string;
  id: string;
  data: string;
}

export interface EventSource {
  status: number;
  headers: IncomingHttpHeaders;
  /** Comments and `retry` are skipped. Rejects when the stream ends first. */
  next(): Promise<ServerSentEvent>;
  pause(): void;
  resume(): void;
  drop(): void;
}

/** Opens an event stream as a browser does. */
export async function openEventSource(
  url: string,
  target: string,
  headers: Record<string, string> = {},
): Promise<EventSource> {
  const { hostname, port } = new URL(url);
  const request = openRequest({
    hostname,
    port,
    path: target,
    agent: false,
    headers: { accept: 'text/event-stream', ...headers },
  });
  const response = await inTime(
    'the event stream',
    new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      request.on('response', resolve);
      request.on('error', reject);
      request.end();
    }),
  );
  response.on('error', () => {});
  const messages = parse(response.setEncoding('utf8'));
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    async next() {
      const { done, value } = await inTime('a server-sent event', messages.next());
      if (done) throw new Error('the event stream ended');
      return value;
    },
    pause: () => response.pause(),
    resume: () => response.resume(),
    drop: () => request.destroy(),
  };
}

async function* parse(chunks: AsyncIterable<string>): AsyncGenerator<ServerSentEvent, undefined> {
  let rest = '';
  let id = '';
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      let event = 'message';
      const data: string[] = [];
      for (const line of part.split('\n')) {
        const [, field, value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
        if (field === 'event') event = value;
        if (field === 'data') data.push(value);
        if (field === 'id') id = value;
      }
      if (data.length > 0) yield { event, id, data: data.join('\n') };
    }
  }
  return undefined;
}

/** `GET …/events` with `Accept: text/event-stream`; a full cursor goes as `Last-Event-ID`, a bare `seq` as `after`. */
export const sseReader: ReaderKind = {
  id: 'sse',
  title: 'server-sent events',
  speaks: 'http',
  async open(url, sessionId, cursor) {
    const query = cursor && cursor.streamId === undefined ? `?after=${cursor.seq}` : '';
    const headers: Record<string, string> =
      cursor?.streamId === undefined ? {} : { 'last-event-id': `${cursor.streamId}:${cursor.seq}` };
    const source = await openEventSource(
      url,
      `/sessions/${encodeURIComponent(sessionId)}/events${query}`,
      headers,
    );
    if (source.status !== 200) throw new Error(`the event stream was answered with ${source.status}`);
    return {
      async next() {
        for (;;) {
          const { event, id, data } = await source.next();
          const value = JSON.parse(data) as { snapshot?: Snapshot } & Record<string, unknown>;
          if (event === 'error') throw new Error(data);
          if (event === 'message') {
            const seq = (value as unknown as SessionEvent).seq;
            assert.ok(id.endsWith(`:${seq}`), `the id ${id} of event ${seq} is its cursor`);
            return { type: 'events', events: [value as unknown as SessionEvent] };
          }
          if (value.snapshot) return { type: 'snapshot', snapshot: value.snapshot };
        }
      },
      drop: source.drop,
    };
  },
};
