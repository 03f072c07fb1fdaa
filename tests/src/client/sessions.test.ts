import { createAgentClient } from '@hhopkins/agent-client/core';
import { createScriptedEngine } from '@hhopkins/agent-testkit/transport';
import { describe, onTestFinished } from 'vitest';
import { eventually } from '../harness/deadline.ts';
import { serve } from './support/serve.ts';
import { converged, expect, isOpen, SHORT, test, witness } from './support/test.ts';

const TRANSPORTS = [
  { name: 'a WebSocket', WebSocket: undefined },
  { name: 'server-sent events', WebSocket: false },
] as const;

describe.each(TRANSPORTS)('over $name', ({ WebSocket }) => {
  test('a log that was lost begins again from a snapshot', async ({ place }) => {
    const stream = place.script.addSession('s', 8);
    const client = place.client({ WebSocket });
    const seen = witness(client, 's');
    await converged(client, place, 's');
    stream.replace();
    place.script.emit('s', 3);
    await converged(client, place, 's');
    expect(seen.snapshots.length).toBeGreaterThan(1);
  });

  test('a session that is purged is gone, and what was known of it stays to be seen', async ({ place }) => {
    place.script.addSession('s', 8);
    const client = place.client({ WebSocket });
    witness(client, 's');
    await converged(client, place, 's');
    place.script.purge('s');
    const session = client.session('s');
    await eventually('the end of the session', () => session.getSnapshot().status === 'gone' || undefined);
    expect(session.getSnapshot()).toMatchObject({ error: { code: 'session_not_found' }, cursor: { seq: 9 } });
  });

  test('leaving a session and coming back at once continues where it was', async ({ place }) => {
    place.script.addSession('s', 8);
    const client = place.client({ WebSocket });
    const session = client.session('s');
    let leave = session.subscribe(() => {});
    await converged(client, place, 's');
    for (let round = 0; round < 5; round += 1) {
      leave();
      leave = session.subscribe(() => {});
    }
    place.script.emit('s', 2);
    await converged(client, place, 's');
  });

  test('the list of sessions is live', async ({ place }) => {
    place.script.addSession('a', 1);
    place.script.addSession('b', 1);
    const { sessionList } = place.client({ WebSocket });
    const ids = () =>
      sessionList
        .getSnapshot()
        .sessions.map(({ sessionId }) => sessionId)
        .sort()
        .join();
    const leave = sessionList.subscribe(() => {});
    await eventually('the list', () => ids() === 'a,b' || undefined);
    place.script.addSession('c', 1);
    await eventually('a new session', () => ids() === 'a,b,c' || undefined);
    place.proxy.cut();
    place.script.purge('a');
    await eventually('the end of one', () => ids() === 'b,c' || undefined);
    await eventually('life', () => sessionList.getSnapshot().status === 'live' || undefined);
    leave();
  });

  test('the connection ends when nothing needs it any more', async ({ place }) => {
    place.script.addSession('s');
    const client = place.client({ WebSocket });
    const leave = client.session('s').subscribe(() => {});
    await converged(client, place, 's');
    leave();
    await eventually('rest', () => client.connection.getSnapshot().state === 'idle' || undefined);
    await eventually('nobody following', () => place.script.followers === 0 || undefined);
  });
});

test('one socket carries many sessions', async ({ place }) => {
  const ids = Array.from({ length: 50 }, (_, index) => `s${index}`);
  for (const id of ids) place.script.addSession(id, 3);
  const client = place.client();
  for (const id of ids) witness(client, id);
  for (const id of ids) await converged(client, place, id);
  expect(place.proxy.upgrades).toBe(1);
});

test('a reader that fell behind reads on from its cursor', async ({ place }) => {
  place.script.addSession('s', 1);
  const client = place.client();
  const seen = witness(client, 's');
  await converged(client, place, 's');
  // Far more than a reader may have outstanding; each piece is acknowledged on the way.
  place.script.emit('s', 400, 20_000);
  await converged(client, place, 's');
  expect(seen.seqs).toHaveLength(400);
});

test('a server that restarts is found again at once, and messages given meanwhile are delivered', async () => {
  const script = createScriptedEngine();
  script.addSession('s', 3);
  const first = await serve(script.engine);
  const client = createAgentClient({ url: first.url, connection: SHORT });
  onTestFinished(() => client.close());
  const seen = witness(client, 's');
  await eventually('a connection', isOpen(client));

  await first.close();
  await eventually('the end', () => client.connection.getSnapshot().state === 'reconnecting' || undefined);
  const answer = client.session('s').send('hello');
  const second = await serve(script.engine, { port: Number(new URL(first.url).port) });
  onTestFinished(async () => {
    await script.engine.stop();
    await second.close();
  });
  expect(await answer).toMatchObject({ sessionId: 's' });
  const session = client.session('s');
  await eventually('the event', () => session.getSnapshot().cursor?.seq === 5 || undefined);
  expect(seen.seqs).toEqual([5]);
});
