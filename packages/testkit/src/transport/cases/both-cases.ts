import assert from 'node:assert/strict';
import type { Case } from '../../kit.ts';
import { sendJson } from '../clients/http-client.ts';
import { readUntil } from '../clients/reader.ts';
import { restReader } from '../clients/rest-reader.ts';
import { openSocket } from '../clients/socket-client.ts';
import { socketReader } from '../clients/socket-reader.ts';
import { sseReader } from '../clients/sse-reader.ts';
import type { TransportContext } from '../context.ts';

/** What only a server that speaks both can show. */
export const bothCases: Case<TransportContext>[] = [
  {
    id: 'all-transports-agree',
    title: 'an event has the same seq and content over REST, server-sent events and WebSocket',
    async run({ script, url }) {
      const stream = script.addSession('s', 25);
      const readings = await Promise.all(
        [restReader, sseReader, socketReader].map(async (kind) => {
          const reader = await kind.open(url, 's', { streamId: stream.streamId, seq: 4 });
          script.emit('s', 5);
          const { events } = await readUntil(reader, 41);
          reader.drop();
          return events;
        }),
      );
      for (const events of readings) assert.deepEqual(events.slice(0, 37), stream.events.slice(4, 41));
    },
  },
  {
    id: 'change-transport',
    title: 'a cursor from one transport is good for every other',
    async run({ script, url }) {
      const stream = script.addSession('s', 30);
      const seqs: number[] = [];
      const kinds = [restReader, socketReader, sseReader, socketReader, restReader, sseReader];
      for (const [index, kind] of kinds.entries()) {
        const reader = await kind.open(url, 's', { streamId: stream.streamId, seq: seqs.at(-1) ?? 0 });
        const target = (index + 1) * 5;
        const { events } = await readUntil(reader, target);
        reader.drop();
        seqs.push(...events.map((event) => event.seq).filter((seq) => seq <= target));
      }
      assert.deepEqual(
        seqs,
        Array.from({ length: 30 }, (_, index) => index + 1),
      );
    },
  },
  {
    id: 'one-command-two-transports',
    title: 'a command sent over WebSocket and again over REST is done once',
    async run({ script, url }) {
      script.addSession('s');
      const socket = await openSocket(url);
      socket.send({ type: 'message', id: 'c1', sessionId: 's', content: 'hello' });
      const { result } = await socket.nextOf('ack');
      socket.drop();
      const again = await sendJson(
        url,
        'POST',
        '/sessions/s/message',
        { content: 'hello' },
        { 'idempotency-key': 'c1' },
      );
      assert.deepEqual(again.json(), result);
    },
  },
];
