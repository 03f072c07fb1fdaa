import { describe, expect, it } from 'vitest';
import { createWorld, witness } from './support/client-on-fake.ts';
import { logDraft } from './support/fake-session.ts';

describe('a session', () => {
  it('opens nothing before somebody looks at it', async () => {
    const { client, server, clock } = createWorld();
    server.addSession('s', 3);
    expect(client.session('s').getSnapshot()).toMatchObject({ status: 'idle', conversation: { blocks: [] } });
    await clock.advance(1_000);
    expect(server.openSockets).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('has the same view until its listeners are called', async () => {
    const { client, server, clock } = createWorld();
    server.addSession('s', 3);
    const session = client.session('s');
    let calls = 0;
    session.subscribe(() => {
      calls += 1;
    });
    await clock.advance(100);
    const view = session.getSnapshot();
    const before = calls;
    await clock.advance(60_000);
    expect(session.getSnapshot()).toBe(view);
    expect(client.session('s').getSnapshot()).toBe(view);
    expect(calls).toBe(before);
    server.emit('s', logDraft('new'));
    await clock.advance(100);
    expect(session.getSnapshot()).not.toBe(view);
    expect(calls).toBe(before + 1);
  });

  it('reads on from its cursor when the server says that it lags', async () => {
    const { client, server, clock } = createWorld();
    server.addSession('s', 3);
    const seen = witness(client, 's');
    await clock.advance(100);
    server.lag('s');
    server.emit('s', logDraft('missed'));
    await clock.advance(100);
    expect(seen.events.map(({ seq }) => seq)).toEqual([4]);
    expect(seen.snapshots).toHaveLength(1);
  });

  it('notices a gap, and has it filled without a new snapshot', async () => {
    const { client, server, clock } = createWorld();
    server.addSession('s', 3);
    const seen = witness(client, 's');
    await clock.advance(100);
    server.spoil('lose');
    server.emit('s', logDraft('lost'));
    server.emit('s', logDraft('came'));
    await clock.advance(1_000);
    expect(seen).toMatchObject({ faults: [], snapshots: [{ seq: 3 }] });
    expect(seen.events.map(({ seq }) => seq)).toEqual([4, 5]);
  });

  it('is gone when the server does not have it, and there again when a new connection finds it', async () => {
    const { client, server, clock } = createWorld();
    const session = client.session('s');
    session.subscribe(() => {});
    await clock.advance(100);
    expect(session.getSnapshot()).toMatchObject({ status: 'gone', error: { code: 'session_not_found' } });
    server.addSession('s', 2);
    server.cut();
    await clock.advance(2_000);
    expect(session.getSnapshot()).toMatchObject({ status: 'live', cursor: { seq: 2 }, error: undefined });
  });

  it('is never called live while the connection is down', async () => {
    const { client, server, clock } = createWorld();
    server.addSession('s', 3);
    const session = client.session('s');
    session.subscribe(() => {});
    await clock.advance(100);
    server.network = 'refused';
    server.cut();
    expect(session.getSnapshot().status).toBe('stale');
    expect(client.connection.getSnapshot().state).toBe('reconnecting');
  });

  it('survives a listener that throws', async () => {
    const { client, server, clock, errors } = createWorld();
    server.addSession('s', 3);
    const session = client.session('s');
    session.subscribe(() => {
      throw new Error('oops');
    });
    const seen = witness(client, 's');
    await clock.advance(100);
    server.emit('s', logDraft('new'));
    await clock.advance(100);
    expect(seen.events).toHaveLength(1);
    expect(errors.length).toBeGreaterThan(0);
  });
});

describe('the connection', () => {
  it('is found dead within twenty seconds of the last sign of life', async () => {
    const { client, server, clock } = createWorld();
    server.addSession('s');
    client.session('s').subscribe(() => {});
    await clock.advance(7_777);
    server.network = 'silent';
    await clock.advance(20_000);
    expect(client.connection.getSnapshot().state).toBe('reconnecting');
  });

  it('is probed at once when the network changes', async () => {
    const { client, server, clock, hint } = createWorld();
    server.addSession('s');
    client.session('s').subscribe(() => {});
    await clock.advance(100);
    server.network = 'silent';
    hint();
    await clock.advance(5_001);
    expect(client.connection.getSnapshot().state).toBe('reconnecting');
    server.network = 'fine';
    hint();
    await clock.advance(50);
    expect(client.connection.getSnapshot().state).toBe('open');
  });

  it('comes back within half a second when the server restarts', async () => {
    const { client, server, clock } = createWorld();
    server.addSession('s');
    client.session('s').subscribe(() => {});
    await clock.advance(10_000);
    server.cut(1012);
    await clock.advance(500);
    expect(client.connection.getSnapshot().state).toBe('open');
  });

  it('asks less and less often for a server that is away', async () => {
    const { client, server, clock } = createWorld();
    server.network = 'refused';
    let tries = 0;
    client.connection.subscribe(() => {
      tries = client.connection.getSnapshot().failures;
    });
    client.session('s').subscribe(() => {});
    await clock.advance(60_000);
    const early = tries;
    await clock.advance(600_000);
    expect(tries - early).toBeLessThan(60);
    expect(tries - early).toBeGreaterThan(30);
  });

  it('asks once for another key when one is refused, and then says so', async () => {
    const given: string[] = [];
    const { client, server, clock } = createWorld({
      getToken: () => {
        given.push(`key ${given.length}`);
        return given.at(-1) ?? '';
      },
    });
    server.accepts = 'another';
    client.session('s').subscribe(() => {});
    await clock.advance(60_000);
    expect(client.connection.getSnapshot()).toMatchObject({ state: 'unauthorized' });
    expect(server.keys).toEqual(['key 0', 'key 1']);
  });

  it('does not wait for a getToken that hangs', async () => {
    let asked = 0;
    const { client, server, clock } = createWorld({
      getToken: () => {
        asked += 1;
        return asked === 1 ? new Promise(() => {}) : 'key';
      },
    });
    server.addSession('s');
    client.session('s').subscribe(() => {});
    await clock.advance(30_000);
    expect(client.connection.getSnapshot().state).toBe('open');
  });

  it('leaves no timer and no socket when the client is closed, in whatever state', async () => {
    for (const network of ['fine', 'refused', 'hanging', 'silent'] as const) {
      const { client, server, clock } = createWorld();
      server.addSession('s');
      server.network = network;
      client.session('s').subscribe(() => {});
      client.sessionList.subscribe(() => {});
      client
        .session('s')
        .send('hello')
        .catch(() => {});
      await clock.advance(25_000);
      client.close();
      await clock.advance(10);
      expect(clock.pending, network).toBe(0);
      expect(server.openSockets, network).toBe(0);
      expect(client.connection.getSnapshot().state).toBe('closed');
    }
  });
});

describe('commands', () => {
  it('are bounded: one too many is refused at once', async () => {
    const { client, server } = createWorld();
    server.network = 'refused';
    const session = client.session('s');
    const waiting = Array.from({ length: 100 }, () => session.send('hello'));
    await expect(session.send('one too many')).rejects.toMatchObject({ code: 'capacity' });
    client.close();
    expect((await Promise.allSettled(waiting)).every(({ status }) => status === 'rejected')).toBe(true);
  });

  it('with the id of one under way are refused, and leave that one alone', async () => {
    const { client, server, clock } = createWorld();
    server.addSession('s');
    const session = client.session('s');
    const first = session.send('hello', { id: 'c1' });
    await expect(session.send('hello', { id: 'c1' })).rejects.toMatchObject({ code: 'duplicate_command' });
    await clock.advance(100);
    expect(await first).toMatchObject({ messageId: 'message-c1' });
    expect(server.done).toEqual(['c1']);
  });

  it('do not wait behind messages', async () => {
    const { client, server, clock } = createWorld();
    server.addSession('s');
    server.refuse('store_unavailable', 1_000);
    const session = client.session('s');
    session.send('hello').catch(() => {});
    session.interrupt().catch(() => {});
    await clock.advance(100);
    expect(server.frames.map(({ type }) => type)).toContain('interrupt');
    client.close();
  });
});

it('forgets sessions that nobody uses, but not at once', async () => {
  const { client, server, clock } = createWorld();
  server.addSession('s', 5);
  const leave = client.session('s').subscribe(() => {});
  await clock.advance(100);
  leave();
  expect(client.session('s').getSnapshot()).toMatchObject({ status: 'stale', cursor: { seq: 5 } });
  for (let number = 0; number < 60; number += 1) client.session(`other ${number}`).getSnapshot();
  expect(client.session('s').getSnapshot()).toMatchObject({ status: 'idle', cursor: undefined });
});
