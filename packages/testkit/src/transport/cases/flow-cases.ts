import assert from 'node:assert/strict';
import { LIMITS } from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import { readUntil } from '../clients/reader.ts';
import { openSocket } from '../clients/socket-client.ts';
import { socketReader } from '../clients/socket-reader.ts';
import type { TransportContext } from '../context.ts';

/** Far more than a reader may have outstanding, and than an operating system buffers for it. */
const EVENTS = 3_000;
const EVENT_BYTES = 10_000;

/** Slow readers. */
export const flowCases: Case<TransportContext>[] = [
  {
    // [LAW-09-slow-reader-resumes]
    id: 'lagging-by-acknowledgement',
    title:
      'a reader that acknowledges, and falls behind, is told to resume from its cursor, and loses nothing',
    async run({ script, url }) {
      const stream = script.addSession('s');
      const socket = await openSocket(url);
      socket.send({ type: 'subscribe', sessionId: 's', after: 0 });
      await socket.nextOf('events');
      socket.send({ type: 'ack', sessionId: 's', seq: 1 });
      socket.send({ type: 'ping' });
      await socket.nextOf('pong');
      script.emit('s', EVENTS, EVENT_BYTES);
      const seqs: number[] = [1];
      let bytes = 0;
      for (;;) {
        const frame = await socket.next();
        if (frame.type === 'lagging') {
          assert.equal(frame.after, seqs.at(-1), 'after names the last event that was sent');
          break;
        }
        assert.equal(frame.type, 'events');
        if (frame.type === 'events') {
          seqs.push(...frame.events.map((event) => event.seq));
          bytes += JSON.stringify(frame).length;
        }
      }
      assert.ok(bytes < 2 * LIMITS.readerBuffer, `${bytes} bytes were sent ahead`);
      socket.drop();
      const resumed = await socketReader.open(url, 's', { streamId: stream.streamId, seq: seqs.at(-1) ?? 0 });
      const { events } = await readUntil(resumed, stream.head);
      resumed.drop();
      assert.deepEqual(
        [...seqs, ...events.map((event) => event.seq)],
        stream.events.map((event) => event.seq),
      );
    },
  },
  {
    // [LAW-09-others-unharmed]
    id: 'lagging-by-connection',
    title:
      'a reader whose connection takes nothing is told to resume, and holds up no other session or reader',
    async run({ script, url }) {
      const stream = script.addSession('s');
      script.addSession('other');
      const slow = await openSocket(url);
      slow.send({ type: 'subscribe', sessionId: 's', after: 0 });
      await slow.nextOf('events');
      slow.pause();
      script.emit('s', EVENTS, EVENT_BYTES);

      const quick = await socketReader.open(url, 's', { streamId: stream.streamId, seq: 1 });
      const { events } = await readUntil(quick, stream.head);
      assert.equal(events.length, EVENTS);
      quick.drop();
      // The slow one's follower is closed once it is told; then it may read what is under way, and the word at its end.
      while (script.followers > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      slow.resume();
      const { after } = await slow.nextOf('lagging');
      assert.ok(after < stream.head);
      slow.send({ type: 'subscribe', sessionId: 's', after: { streamId: stream.streamId, seq: after } });
      for (let expected = after + 1; expected <= stream.head; ) {
        const frame = await slow.next();
        if (frame.type === 'lagging') {
          slow.send({ type: 'subscribe', sessionId: 's', after: frame.after });
        } else if (frame.type === 'events') {
          for (const event of frame.events) {
            assert.equal(event.seq, expected);
            expected += 1;
          }
        }
      }
      slow.drop();
    },
  },
];
