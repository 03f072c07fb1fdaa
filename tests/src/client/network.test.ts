import { describe } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { converged, expect, isOpen, SOCKETS, test, witness } from './support/test.ts';

describe.each(SOCKETS)('over $name', ({ WebSocket }) => {
  test('a session is followed from a snapshot on, event by event', async ({ place }) => {
    place.script.addSession('s', 20);
    const client = place.client({ WebSocket });
    const seen = witness(client, 's');
    await converged(client, place, 's');
    place.script.emit('s', 30);
    await converged(client, place, 's');
    expect(seen.snapshots).toEqual([21]);
    expect(seen.seqs).toEqual(Array.from({ length: 30 }, (_, index) => 22 + index));
  });

  test('a connection that is cut is resumed from the cursor', async ({ place }) => {
    place.script.addSession('s', 5);
    const client = place.client({ WebSocket });
    const seen = witness(client, 's');
    await converged(client, place, 's');
    for (let round = 0; round < 5; round += 1) {
      place.proxy.cut();
      place.script.emit('s', 7);
      await converged(client, place, 's');
    }
    expect(seen.snapshots).toEqual([6]);
    expect(seen.seqs).toHaveLength(35);
  });

  test('a connection that is dead without having ended is found, and replaced', async ({ place }) => {
    place.script.addSession('s', 5);
    const client = place.client({ WebSocket });
    const seen = witness(client, 's');
    await converged(client, place, 's');
    const states: string[] = [];
    client.connection.subscribe(() => states.push(client.connection.getSnapshot().state));
    place.proxy.freeze();
    place.script.emit('s', 7);
    await eventually('that it is not called open', () => states.some((state) => state !== 'open'));
    await converged(client, place, 's');
    expect(seen.snapshots).toEqual([6]);
    expect(seen.seqs).toHaveLength(7);
  });

  test('a network that swallows everything is waited out', async ({ place }) => {
    place.script.addSession('s', 5);
    place.proxy.behaviour = 'blackhole';
    const client = place.client({ WebSocket });
    witness(client, 's');
    await eventually('a failure', () => client.connection.getSnapshot().failures > 1 || undefined);
    expect(client.connection.getSnapshot().state).toBe('reconnecting');
    expect(client.session('s').getSnapshot().status).toBe('loading');
    place.proxy.behaviour = 'carry';
    await converged(client, place, 's');
  });

  test('a network that is slow is no reason to give up', async ({ place }) => {
    place.script.addSession('s', 5);
    place.proxy.delayMs = 100;
    const client = place.client({ WebSocket });
    witness(client, 's');
    await converged(client, place, 's');
    place.script.emit('s', 10);
    await converged(client, place, 's');
    expect(place.proxy.upgrades).toBe(1);
  });

  test('where WebSockets are destroyed, server-sent events serve, until WebSockets pass again', async ({
    place,
  }) => {
    place.script.addSession('s', 5);
    place.proxy.behaviour = 'no-upgrades';
    const client = place.client({ WebSocket });
    const seen = witness(client, 's');
    await eventually('server-sent events', isOpen(client, 'sse'));
    await converged(client, place, 's');
    place.script.emit('s', 12);
    await converged(client, place, 's');

    place.proxy.behaviour = 'carry';
    await eventually('a WebSocket', isOpen(client, 'websocket'));
    place.script.emit('s', 5);
    await converged(client, place, 's');
    expect(seen.snapshots).toEqual([6]);
    expect(seen.seqs).toHaveLength(17);
  });
});

// Node's own WebSocket offers no way to let go of a peer that does not answer.
describe.each([
  { name: 'ws', WebSocket: SOCKETS[1].WebSocket },
  { name: 'server-sent events', WebSocket: false as const },
])('over $name', ({ WebSocket }) => {
  test('closing the client ends its connection while it is dead, too', async ({ place }) => {
    place.script.addSession('s', 5);
    const client = place.client({ WebSocket, connection: {} });
    witness(client, 's');
    await converged(client, place, 's');
    place.proxy.freeze();
    client.close();
    expect(client.connection.getSnapshot().state).toBe('closed');
    await eventually('the end of the socket', () => place.proxy.open === 0 || undefined);
  });
});

test('more sessions than a browser has connections for are followed over HTTP alone', async ({ place }) => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  for (const id of ids) place.script.addSession(id, 2);
  const client = place.client({ WebSocket: false });
  const seen = ids.map((id) => witness(client, id));
  for (const id of ids) await converged(client, place, id);
  for (const id of ids) place.script.emit(id, 3);
  for (const id of ids) await converged(client, place, id);
  expect(seen.map(({ seqs }) => seqs)).toEqual(ids.map(() => [4, 5, 6]));
});

test('where WebSockets are swallowed, server-sent events serve too', async ({ place }) => {
  place.script.addSession('s', 5);
  place.proxy.behaviour = 'deaf-to-upgrades';
  const client = place.client();
  witness(client, 's');
  await eventually('server-sent events', isOpen(client, 'sse'));
  await converged(client, place, 's');
});

test('over server-sent events, too, what is cut is resumed from the cursor', async ({ place }) => {
  place.script.addSession('s', 5);
  const client = place.client({ WebSocket: false });
  const seen = witness(client, 's');
  await converged(client, place, 's');
  for (let round = 0; round < 3; round += 1) {
    place.proxy.cut();
    place.script.emit('s', 7);
    await converged(client, place, 's');
  }
  expect(seen.snapshots).toEqual([6]);
  expect(seen.seqs).toHaveLength(21);
});
