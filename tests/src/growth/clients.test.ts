import { describe, expect } from 'vitest';
import { eventually, TEST_MS, within } from '../harness/deadline.ts';
import type { Place } from '../harness/place.ts';
import { test } from '../harness/test.ts';
import { descriptorsOf, memoryOf, watchMemory } from './process-use.ts';
import { openRawSocket, type RawSocket } from './raw-socket.ts';
import { openRawStream } from './raw-stream.ts';

const MEBIBYTE = 1024 * 1024;
/** What a run says: more than the connections of a machine hold in their own buffers. */
const RESULTS = 120;
const RESULT_BYTES = 200_000;
/** Of each transport. */
const STUCK = 20;
const READ_ON = 2;
/** Without a bound a heap grows for as long as there is memory, whether it is needed or not, and says nothing. */
const TIDY = { NODE_OPTIONS: '--max-old-space-size=192 --max-semi-space-size=8' };
/** Half of what a server would hold that keeps everything for all of them; it has its own garbage besides. */
const ALLOWANCE = STUCK * RESULTS * RESULT_BYTES;

const upTo = (head: number) => Array.from({ length: head }, (_, index) => index + 1);
const eventsOf = ({ frames }: RawSocket) =>
  frames.flatMap((frame) => (frame.type === 'events' ? frame.events : []));

/** Every event up to `head`, and to whatever came since, once and in order. */
function expectNothingLost(events: readonly { seq: number }[], head: number): void {
  expect(events.map(({ seq }) => seq)).toEqual(upTo(Math.max(head, events.length)));
}

/** Reads on after a stop: all that was sent, then, as the server says, from the cursor on. Gives everything that came. */
async function readOn(place: Place, socket: RawSocket, sessionId: string, head: number) {
  socket.resume();
  const lagging = socket.until('lagging').catch(() => undefined);
  // A socket that took nothing for half a minute is closed besides.
  const told = await Promise.race([lagging, socket.closed.then(() => undefined)]);
  const before = eventsOf(socket);
  const after = before.at(-1)?.seq ?? 0;
  if (told) expect(told.after).toBe(after);
  socket.drop();
  const next = await openRawSocket(place.url());
  next.send({ type: 'subscribe', sessionId, after });
  await next.until('events', ({ events }) => (events.at(-1)?.seq ?? 0) >= head);
  next.drop();
  return [...before, ...eventsOf(next)];
}

const CONNECTIONS = 'agent_server_websocket_connections';
const SUBSCRIPTIONS = 'agent_server_websocket_subscriptions';

async function metric(place: Place, name: string): Promise<number> {
  const { body } = await place.rest.ask<string>('GET', '/metrics');
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(body)?.[1]);
}

describe('clients that do not read', { timeout: TEST_MS }, () => {
  // [BOUND-slow-clients] [LAW-09-slow-reader-resumes] [LAW-09-others-unharmed]
  test('cost the server a bounded memory, are told, and lose nothing; others notice nothing', async ({
    open,
  }) => {
    const place = await open({ agent: 'scripted', environment: TIDY });
    await place.start();
    const { pid } = place.server();
    const { id, seen } = await place.session();
    const { seen: seenBySse } = place.follow(id, 'sse');

    const sockets = await Promise.all(Array.from({ length: STUCK }, () => openRawSocket(place.url())));
    const streams = await Promise.all(Array.from({ length: STUCK }, () => openRawStream(place.url(), id)));
    for (const socket of sockets) {
      socket.send({ type: 'subscribe', sessionId: id, after: 0 });
      await socket.until('events');
      socket.pause();
    }
    for (const stream of streams) {
      await stream.until('the first event', () => stream.events.length > 0);
      stream.pause();
    }

    const before = memoryOf(pid);
    const memory = watchMemory(pid);
    const { turnId } = await place.rest.send(
      id,
      Array.from({ length: RESULTS }, () => `output ${RESULT_BYTES}`).join('\n'),
    );
    const end = await seen.untilEnded(turnId);
    await seenBySse.untilEnded(turnId);
    // Those that do not read are told so two seconds after they have 1 MB outstanding.
    await eventually('all sockets were given up', async () => (await metric(place, SUBSCRIPTIONS)) === 1);
    memory.stop();
    expect(end.type).toBe('turn:completed');
    expect(memory.highest() - before).toBeLessThan(ALLOWANCE + 2 * STUCK * MEBIBYTE);

    const head = seen.cursor?.seq ?? 0;
    for (const socket of sockets.splice(0, READ_ON)) {
      const events = await readOn(place, socket, id, head);
      expectNothingLost(events, head);
    }
    for (const stream of streams.splice(0, READ_ON)) {
      stream.resume();
      await stream.until('all events', () => (stream.events.at(-1)?.seq ?? 0) >= head);
      expectNothingLost(stream.events, head);
      stream.drop();
    }
    for (const client of [...sockets, ...streams]) client.drop();
  });
});

describe('a client that floods', { timeout: TEST_MS }, () => {
  // [BOUND-flood]
  test('is told that it is too much, costs a bounded memory, and harms nobody', async ({ open }) => {
    const place = await open({ agent: 'scripted' });
    await place.start();
    const { pid } = place.server();
    const { turn } = await place.session();
    await turn('say warm');
    const before = memoryOf(pid);

    const reading = await openRawSocket(place.url());
    const deaf = await openRawSocket(place.url());
    deaf.pause();
    for (let frame = 0; frame < 40_000; frame += 1) {
      reading.send({ type: 'ping' });
      deaf.send({ type: 'ping' });
      if (frame % 1_000 === 0) await new Promise(setImmediate);
    }
    // Connections that were kept alive were let go of meanwhile.
    await eventually('the server answers', () => metric(place, CONNECTIONS).then(Boolean, () => false));
    const { error } = await reading.until('error');
    expect(error).toMatchObject({ code: 'rate_limited', status: 429 });
    expect((await turn('say unharmed')).type).toBe('turn:completed');
    const other = await openRawSocket(place.url());
    other.send({ type: 'ping' });
    await other.until('pong');
    expect(memoryOf(pid) - before).toBeLessThan(200 * MEBIBYTE);
    for (const socket of [reading, deaf, other]) socket.drop();
    await eventually('all are gone', async () => (await metric(place, CONNECTIONS)) === 1);
  });
});

describe('a client that connects again and again', { timeout: TEST_MS }, () => {
  // [BOUND-reconnects]
  test('leaves nothing behind: no descriptor, no subscription, no memory', async ({ open }) => {
    const place = await open({ agent: 'scripted' });
    await place.start();
    const { pid } = place.server();
    const { id, seen, follower } = await place.session();
    const { turnId } = await place.rest.send(id, 'text 200');
    await seen.untilEnded(turnId);
    await follower.close();

    const reconnect = async (times: number) => {
      for (let count = 0; count < times; count += 1) {
        const socket = await openRawSocket(place.url());
        socket.send({ type: 'subscribe', sessionId: id, after: 0 });
        await socket.until('events');
        socket.drop();
        await within('the socket is gone', socket.closed);
        const stream = await openRawStream(place.url(), id);
        await stream.until('an event', () => stream.events.length > 0);
        stream.drop();
      }
      await eventually('all are gone', async () => (await metric(place, CONNECTIONS)) === 0);
    };
    await reconnect(20);
    const before = { descriptors: descriptorsOf(pid), memory: memoryOf(pid) };
    await reconnect(100);
    // One more or less is the connection that asks for the metrics.
    await eventually('descriptors as before', () => descriptorsOf(pid) <= before.descriptors + 2);
    expect(memoryOf(pid) - before.memory).toBeLessThan(100 * MEBIBYTE);
    expect(await metric(place, SUBSCRIPTIONS)).toBe(0);
  });
});
