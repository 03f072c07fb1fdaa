import assert from 'node:assert/strict';
import type { Case } from '../../kit.ts';
import { openEventSource } from '../clients/sse-reader.ts';
import type { TransportContext } from '../context.ts';
import { eventually } from '../deadline.ts';

const target = '/sessions/s/events';

/** Server-sent events beyond the cursor laws. */
export const sseCases: Case<TransportContext>[] = [
  {
    id: 'sse-form',
    title:
      'an event stream is one: its type, no cache, ids that are cursors, names of its own for what is no event',
    async run({ script, url }) {
      const stream = script.addSession('s', 1);
      const source = await openEventSource(url, target);
      assert.match(source.headers['content-type'] ?? '', /^text\/event-stream/);
      assert.match(source.headers['cache-control'] ?? '', /no-store|no-cache/);
      const subscribed = await source.next();
      assert.equal(subscribed.event, 'subscribed');
      assert.equal(subscribed.id, `${stream.streamId}:2`);
      script.emit('s', 1);
      const event = await source.next();
      assert.equal(event.event, 'message');
      assert.equal(event.id, `${stream.streamId}:3`);
      stream.replace();
      assert.equal((await source.next()).event, 'reset');
      source.drop();
    },
  },
  {
    id: 'sse-last-event-id-wins',
    title: 'Last-Event-ID is newer than the query a browser repeats, and is believed over it',
    async run({ script, url }) {
      const stream = script.addSession('s', 10);
      const source = await openEventSource(url, `${target}?after=2`, {
        'last-event-id': `${stream.streamId}:7`,
      });
      await source.next();
      assert.equal((await source.next()).id, `${stream.streamId}:8`);
      source.drop();
    },
  },
  {
    id: 'sse-left-alone',
    title: 'a stream that its reader left is let go',
    async run({ script, url }) {
      script.addSession('s', 1);
      const source = await openEventSource(url, target);
      await source.next();
      assert.equal(script.followers, 1);
      source.drop();
      await eventually('the follower is closed', () => script.followers === 0);
    },
  },
  {
    id: 'sse-ends-with-session',
    title: 'a purged session ends its streams',
    async run({ script, url }) {
      script.addSession('s', 1);
      const source = await openEventSource(url, target);
      await source.next();
      script.purge('s');
      await assert.rejects(source.next(), /ended/);
      await eventually('the follower is closed', () => script.followers === 0);
    },
  },
  {
    id: 'sse-slow-reader',
    title: 'a reader that stops reading delays nobody, and gets everything when it reads again',
    async run({ script, url }) {
      const stream = script.addSession('s');
      const slow = await openEventSource(url, `${target}?after=0`);
      const quick = await openEventSource(url, `${target}?after=0`);
      slow.pause();
      script.emit('s', 2_000, 10_000);
      await quick.next();
      for (let seq = 1; seq <= stream.head; seq += 1) {
        assert.equal((await quick.next()).id, `${stream.streamId}:${seq}`);
      }
      slow.resume();
      await slow.next();
      for (let seq = 1; seq <= stream.head; seq += 1) {
        assert.equal((await slow.next()).id, `${stream.streamId}:${seq}`);
      }
      quick.drop();
      slow.drop();
    },
  },
];
