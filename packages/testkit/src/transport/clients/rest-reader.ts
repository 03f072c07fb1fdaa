import {
  getSessionResponseSchema,
  type ReadEventsResponse,
  type SessionEvent,
} from '@hhopkins/agent-protocol';
import { send } from './http-client.ts';
import type { ReaderKind, Received } from './reader.ts';

/** Small, so that page borders are met. */
const PAGE = 7;

/** Pages of `GET …/events`, asked for until there is something. */
export const restReader: ReaderKind = {
  id: 'rest',
  title: 'REST pages',
  speaks: 'http',
  async open(url, sessionId, cursor) {
    const path = `/sessions/${encodeURIComponent(sessionId)}`;
    let position = cursor;
    let dropped = false;

    async function readSnapshot(): Promise<Received> {
      const answer = await send(url, 'GET', path);
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
      const { session, conversation, files, streamId, seq } = getSessionResponseSchema.parse(answer.json());
      position = { streamId, seq };
      return { type: 'snapshot', snapshot: { session, conversation, files, streamId, seq } };
    }

    return {
      async next() {
        if (!position) return readSnapshot();
        const started = performance.now();
        while (!dropped && performance.now() - started < 10_000) {
          const stream =
            position.streamId === undefined ? '' : `&streamId=${encodeURIComponent(position.streamId)}`;
          const answer = await send(
            url,
            'GET',
            `${path}/events?after=${position.seq}&limit=${PAGE}${stream}`,
          );
          if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
          const page = answer.json() as ReadEventsResponse;
          if (page.reset) {
            position = { streamId: page.reset.streamId, seq: page.reset.seq };
            return { type: 'snapshot', snapshot: page.reset };
          }
          position = { streamId: page.streamId, seq: page.next };
          if (page.events.length > 0) return { type: 'events', events: page.events as SessionEvent[] };
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        throw new Error('no further page came');
      },
      drop() {
        dropped = true;
      },
    };
  },
};
