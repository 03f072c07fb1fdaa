import { eventJson, type ReaderCursor } from '@hhopkins/agent-core';
import { AgentServerError, type ReadEventsResponse, readEventsQuerySchema } from '@hhopkins/agent-protocol';
import type { Endpoint } from '../edge/endpoint.ts';
import type { HttpContext } from '../edge/environment.ts';
import { parameterOf, queryOf } from '../edge/input.ts';
import { describe } from '../openapi/describe.ts';
import { parseCursor } from '../sse/cursor.ts';
import { openEventStream } from '../sse/event-stream.ts';
import type { RouteParts } from './parts.ts';

/** The events of a session: a page as JSON, or all that come as server-sent events. */
export function eventEndpoints({ sessions, ask, limits }: RouteParts): Endpoint[] {
  let open = 0;

  const stream = async (context: HttpContext): Promise<Response> => {
    const sessionId = parameterOf(context, 'sessionId');
    const cursor = cursorOf(context);
    if (context.req.method === 'HEAD') return new Response(null, { headers: STREAM_HEADERS });
    if (open >= limits.eventStreams) {
      throw new AgentServerError('capacity', `The server has its ${limits.eventStreams} event streams open.`);
    }
    open += 1;
    const body = await openEventStream({
      follow: sessions.follow(sessionId, cursor),
      heartbeatMs: limits.heartbeatMs,
      stallMs: limits.stallMs,
      openMs: limits.requestMs,
      disconnect: () => context.env?.outgoing?.destroy(),
      onEnd: () => {
        open -= 1;
      },
    });
    return new Response(body, { headers: STREAM_HEADERS });
  };

  return [
    describe(
      {
        method: 'get',
        path: '/sessions/{sessionId}/events',
        tag: 'events',
        summary: 'Events after a seq; with `Accept: text/event-stream` also those to come',
        query: readEventsQuerySchema,
        answer: 'ReadEventsResponse',
      },
      async (context) => {
        if (/\btext\/event-stream\b/i.test(context.req.header('accept') ?? '')) return stream(context);
        const query = queryOf(context, readEventsQuerySchema);
        const page = await ask(sessions.readEvents(parameterOf(context, 'sessionId'), query));
        return context.body(pageJson(page), 200, { 'content-type': 'application/json' });
      },
    ),
  ];
}

const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Otherwise reverse proxies hold the events back until their buffer is full.
  'x-accel-buffering': 'no',
};

/** `Last-Event-ID` is newer than the query, which stays the same when a browser reconnects. */
function cursorOf(context: HttpContext): ReaderCursor | undefined {
  const last = context.req.header('last-event-id');
  if (last) return parseCursor(last);
  const { after, streamId } = queryOf(context, readEventsQuerySchema);
  return context.req.query('after') === undefined ? undefined : { seq: after, streamId };
}

/** Joined from the JSON that each event already has. */
function pageJson({ events, ...rest }: ReadEventsResponse): string {
  const list = (events as Parameters<typeof eventJson>[0][]).map(eventJson).join(',');
  return `{"events":[${list}],${JSON.stringify(rest).slice(1)}`;
}
