import assert from 'node:assert/strict';
import { LIMITS, type ServerFrame, sendMessageResponseSchema, sessionSchema } from '@hhopkins/agent-protocol';
import type { Case } from '../../kit.ts';
import { openSocket } from '../clients/socket-client.ts';
import type { TransportContext } from '../context.ts';
import { eventually } from '../deadline.ts';

/** Frames that cannot be served, and what they are answered with. */
const BAD_FRAMES: readonly [id: string, what: string, data: string | Uint8Array, code: string][] = [
  ['malformed', 'malformed JSON', '{"type":', 'invalid_request'],
  ['empty', 'an empty frame', '', 'invalid_request'],
  ['binary', 'a binary frame', Uint8Array.of(1, 2, 3), 'invalid_request'],
  ['no-object', 'a frame that is no object', '[1]', 'invalid_request'],
  ['unknown-type', 'an unknown type', '{"type":"dance"}', 'invalid_request'],
  ['prototype-type', 'a type out of the prototype', '{"type":"__proto__"}', 'invalid_request'],
  ['missing-session', 'a frame that lacks its session', '{"type":"subscribe"}', 'invalid_request'],
  ['surplus', 'a frame with something it may not have', '{"type":"ping","x":1}', 'invalid_request'],
  [
    'negative-cursor',
    'a negative cursor',
    '{"type":"subscribe","sessionId":"s","after":-1}',
    'invalid_request',
  ],
  [
    'control-characters',
    'control characters in an id',
    '{"type":"unsubscribe","sessionId":"\\u0000"}',
    'invalid_request',
  ],
  ['too-deep', 'a frame nested beyond all measure', '['.repeat(100_000), 'invalid_request'],
  ['too-large', 'a frame that is too large', ' '.repeat(LIMITS.requestBody + 1), 'payload_too_large'],
];

/** Frames and commands over a WebSocket. */
export const socketCases: Case<TransportContext>[] = [
  ...BAD_FRAMES.map(
    ([id, what, data, code]): Case<TransportContext> => ({
      id: `bad-frame-${id}`,
      title: `${what} is answered with ${code}, and the connection lives on`,
      async run({ url }) {
        const socket = await openSocket(url);
        socket.sendRaw(data);
        const { error } = await socket.nextOf('error');
        assert.equal(error.code, code);
        socket.send({ type: 'ping' });
        await socket.nextOf('pong');
        socket.drop();
      },
    }),
  ),
  {
    id: 'bad-command-names-itself',
    title: 'a command of the wrong form is answered under its own id',
    async run({ url }) {
      const socket = await openSocket(url);
      socket.send({ type: 'message', id: 'c1', sessionId: 's', text: 'not content' });
      const frame = await socket.nextOf('error');
      assert.equal(frame.id, 'c1');
      assert.equal(frame.sessionId, 's');
      assert.equal(frame.error.code, 'invalid_request');
      socket.drop();
    },
  },
  {
    id: 'ready-first',
    title: 'the first frame is ready, at / and at /ws',
    async run({ url }) {
      for (const path of ['/', '/ws', '/ws?from=somewhere']) {
        const socket = await openSocket(url, { path, ready: false });
        assert.deepEqual(await socket.next(), { type: 'ready' });
        socket.drop();
      }
    },
  },
  {
    id: 'many-sessions',
    title: 'one socket follows many sessions, each with its own cursor',
    async run({ script, url }) {
      const ids = ['a', 'b', 'c', 'd'];
      const socket = await openSocket(url);
      const seen = new Map<string, number[]>();
      for (const [index, sessionId] of ids.entries()) {
        script.addSession(sessionId, 8);
        seen.set(sessionId, []);
        socket.send({ type: 'subscribe', sessionId, after: index });
      }
      for (const sessionId of ids) script.emit(sessionId, 3);
      while ([...seen.values()].some((seqs) => seqs.at(-1) !== 12)) {
        const { sessionId, events } = await socket.nextOf('events');
        seen.get(sessionId)?.push(...events.map((event) => event.seq));
      }
      socket.drop();
      for (const [index, sessionId] of ids.entries()) {
        assert.deepEqual(
          seen.get(sessionId),
          Array.from({ length: 12 - index }, (_, offset) => index + offset + 1),
        );
      }
    },
  },
  {
    id: 'events-in-batches',
    title: 'stored events come many to a message',
    async run({ script, url }) {
      script.addSession('s', 99);
      const socket = await openSocket(url);
      socket.send({ type: 'subscribe', sessionId: 's', after: 0 });
      let messages = 0;
      for (let seq = 0; seq < 100; messages += 1)
        seq = (await socket.nextOf('events')).events.at(-1)?.seq ?? 0;
      socket.drop();
      assert.ok(messages <= 10, `${messages} messages`);
    },
  },
  {
    id: 'subscribe-again',
    title: 'subscribing again moves the cursor: nothing of the old subscription follows',
    async run({ script, url }) {
      const stream = script.addSession('s', 30);
      const socket = await openSocket(url);
      socket.send({ type: 'subscribe', sessionId: 's', after: 0 });
      socket.send({ type: 'subscribe', sessionId: 's', after: { streamId: stream.streamId, seq: 25 } });
      let after: number[] = [];
      while (after.at(-1) !== 31) {
        const frame = await socket.next();
        if (frame.type === 'subscribed') after = [];
        if (frame.type === 'events') after.push(...frame.events.map((event) => event.seq));
      }
      assert.deepEqual(after, [26, 27, 28, 29, 30, 31]);
      assert.equal(script.followers, 1, 'the old one is let go');
      socket.drop();
    },
  },
  {
    id: 'unsubscribe',
    title: 'after unsubscribe nothing more comes',
    async run({ script, url }) {
      script.addSession('s', 1);
      const socket = await openSocket(url);
      socket.send({ type: 'subscribe', sessionId: 's' });
      await socket.nextOf('subscribed');
      socket.send({ type: 'unsubscribe', sessionId: 's' });
      assert.equal((await socket.nextOf('unsubscribed')).sessionId, 's');
      script.emit('s', 5);
      socket.send({ type: 'ping' });
      assert.deepEqual(await socket.next(), { type: 'pong' });
      assert.equal(script.followers, 0);
      socket.drop();
    },
  },
  {
    id: 'unknown-session-frame',
    title: 'subscribing to nothing is session_not_found, and the socket lives on',
    async run({ url }) {
      const socket = await openSocket(url);
      socket.send({ type: 'subscribe', sessionId: 'nobody' });
      const frame = await socket.nextOf('error');
      assert.equal(frame.error.code, 'session_not_found');
      assert.equal(frame.sessionId, 'nobody');
      socket.send({ type: 'ping' });
      await socket.nextOf('pong');
      socket.drop();
    },
  },
  {
    id: 'purged-session',
    title: 'a purged session ends its subscription',
    async run({ script, url }) {
      script.addSession('s', 1);
      const socket = await openSocket(url);
      socket.send({ type: 'subscribe', sessionId: 's' });
      await socket.nextOf('subscribed');
      script.purge('s');
      assert.equal((await socket.nextOf('unsubscribed')).sessionId, 's');
      socket.drop();
    },
  },
  {
    id: 'lost-socket',
    title: 'a lost socket is let go with all it followed',
    async run({ script, url }) {
      const socket = await openSocket(url);
      for (const sessionId of ['a', 'b', 'c']) {
        script.addSession(sessionId);
        socket.send({ type: 'subscribe', sessionId });
        await socket.nextOf('subscribed');
      }
      socket.send({ type: 'subscribe', sessions: true });
      await socket.nextOf('sessions');
      socket.drop();
      await eventually('no follower is left', () => script.followers === 0);
    },
  },
  {
    id: 'too-many-subscriptions',
    title: 'subscriptions are limited, and the limit is told as capacity',
    async run({ script, url }) {
      const socket = await openSocket(url);
      for (let index = 0; index <= LIMITS.subscriptions; index += 1) {
        script.addSession(`s${index}`);
        socket.send({ type: 'subscribe', sessionId: `s${index}`, after: 0 });
      }
      const refused = await socket.nextOf('error');
      assert.equal(refused.error.code, 'capacity');
      assert.equal(refused.sessionId, `s${LIMITS.subscriptions}`);
      socket.drop();
    },
  },
  {
    id: 'command-results',
    title: 'commands are acknowledged with what REST would answer, under the id of the frame, once',
    async run({ script, url }) {
      script.addSession('s');
      const socket = await openSocket(url);
      const message = { type: 'message', id: 'c1', sessionId: 's', content: 'hello' };
      socket.send(message);
      const first = await socket.nextOf('ack');
      assert.equal(first.id, 'c1');
      sendMessageResponseSchema.parse(first.result);
      socket.send(message);
      assert.deepEqual(await socket.nextOf('ack'), first, 'sent again it is the same message');
      socket.send({ type: 'interrupt', id: 'c2', sessionId: 's' });
      sessionSchema.parse((await socket.nextOf('ack')).result);
      socket.send({ type: 'permission', id: 'c3', sessionId: 's', requestId: 'r', decision: 'allow' });
      const refused = await socket.nextOf('error');
      assert.deepEqual([refused.id, refused.error.code], ['c3', 'request_not_found']);
      socket.send({ type: 'question', id: 'c4', sessionId: 's', requestId: 'r', answers: { a: 'b' } });
      assert.equal((await socket.nextOf('error')).id, 'c4');
      socket.drop();
      assert.deepEqual(script.calls[0]?.caller, { principal: 'local', commandId: 'c1' });
    },
  },
  {
    id: 'commands-in-order',
    title: 'commands of a session are done in order, and a slow one holds up no other frame',
    async run({ script, url }) {
      for (const sessionId of ['slow', 'quick']) script.addSession(sessionId);
      const socket = await openSocket(url);
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      script.replace('sendMessage', () => held as Promise<never>);
      socket.send({ type: 'message', id: 'first', sessionId: 'slow', content: '1' });
      socket.send({ type: 'interrupt', id: 'second', sessionId: 'slow' });
      socket.send({ type: 'interrupt', id: 'elsewhere', sessionId: 'quick' });
      socket.send({ type: 'ping' });
      const answers: ServerFrame[] = [await socket.next(), await socket.next()];
      assert.deepEqual(answers.map((frame) => ('id' in frame ? frame.id : frame.type)).sort(), [
        'elsewhere',
        'pong',
      ]);
      release();
      assert.equal((await socket.nextOf('ack')).id, 'first');
      assert.equal((await socket.nextOf('ack')).id, 'second');
      socket.drop();
    },
  },
  {
    id: 'internal-frame-leaks-nothing',
    title: 'a fault of our own is internal, without its details',
    async run({ script, url }) {
      script.addSession('s');
      script.replace('interrupt', () => Promise.reject(new Error('password=hunter2')));
      const socket = await openSocket(url);
      socket.send({ type: 'interrupt', id: 'c1', sessionId: 's' });
      const { error } = await socket.nextOf('error');
      assert.equal(error.code, 'internal');
      assert.doesNotMatch(JSON.stringify(error), /hunter2/);
      socket.drop();
    },
  },
  {
    id: 'session-list',
    title: 'the list of sessions comes whole, then with its changes',
    async run({ script, url }) {
      script.addSession('a');
      const socket = await openSocket(url);
      socket.send({ type: 'subscribe', sessions: true });
      const first = await socket.nextOf('sessions');
      assert.equal(first.complete, true);
      assert.deepEqual(
        first.sessions.map((each) => each.sessionId),
        ['a'],
      );
      script.addSession('b');
      let known: string[] = [];
      while (!known.includes('b')) {
        known = (await socket.nextOf('sessions')).sessions.map((each) => each.sessionId);
      }
      script.purge('a');
      let removed: string[] = [];
      while (!removed.includes('a')) removed = (await socket.nextOf('sessions')).removed;
      socket.send({ type: 'unsubscribe', sessions: true });
      await socket.nextOf('unsubscribed');
      socket.drop();
    },
  },
];
