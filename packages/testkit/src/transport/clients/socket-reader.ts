import type { SessionEvent } from '@hhopkins/agent-protocol';
import type { ReaderKind } from './reader.ts';
import { openSocket } from './socket-client.ts';

/** `subscribe` over a WebSocket; everything is acknowledged. */
export const socketReader: ReaderKind = {
  id: 'websocket',
  title: 'a WebSocket',
  speaks: 'websocket',
  async open(url, sessionId, cursor) {
    const socket = await openSocket(url);
    const after = cursor && (cursor.streamId === undefined ? cursor.seq : cursor);
    socket.send({ type: 'subscribe', sessionId, ...(after === undefined ? {} : { after }) });
    const acknowledge = (seq: number) => socket.send({ type: 'ack', sessionId, seq });
    return {
      async next() {
        for (;;) {
          const frame = await socket.next();
          if (frame.type === 'error') throw new Error(JSON.stringify(frame.error));
          if (frame.type === 'lagging') return frame;
          if (frame.type === 'events') {
            acknowledge(frame.events.at(-1)?.seq ?? 0);
            return { type: 'events', events: frame.events as SessionEvent[] };
          }
          if ((frame.type === 'subscribed' || frame.type === 'reset') && frame.snapshot) {
            return { type: 'snapshot', snapshot: frame.snapshot };
          }
        }
      },
      drop: socket.drop,
    };
  },
};
