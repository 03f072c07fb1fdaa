import { describe, expect, it } from 'vitest';
import type { SessionListItem } from '../../src/engine-interface.ts';
import { ANNA, createWorld, type World } from '../doubles/world.ts';

const create = async (world: World, name: string): Promise<string> => {
  await world.clock.advance(1000);
  const request = { architecture: 'fake', name };
  return (await world.clock.wait(world.engine.sessions.create(ANNA, request))).sessionId;
};
const list = (world: World, query = {}) => world.clock.wait(world.engine.sessions.list(query));

describe('the list of sessions', () => {
  it('shows the newest update first, in pages', async () => {
    const world = await createWorld();
    const created: string[] = [];
    for (const name of ['one', 'two', 'three', 'four', 'five']) created.push(await create(world, name));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await list(world, { limit: 2, ...(cursor ? { cursor } : {}) });
      expect(page.sessions.length).toBeLessThanOrEqual(2);
      seen.push(...page.sessions.map(({ sessionId }) => sessionId));
      cursor = page.nextCursor ?? undefined;
    } while (cursor);
    expect(seen).toEqual(created.toReversed());
  });

  it('is filtered by status, architecture, profile, text and time', async () => {
    const world = await createWorld();
    await create(world, 'Alpha');
    const since = new Date(world.clock.now() + 500).toISOString();
    const beta = await create(world, 'Beta');
    const namesOf = async (query: object) => (await list(world, query)).sessions.map(({ name }) => name);
    expect(await namesOf({ q: 'ALPH' })).toEqual(['Alpha']);
    expect(await namesOf({ q: beta })).toEqual(['Beta']);
    expect(await namesOf({ updatedSince: since })).toEqual(['Beta']);
    expect(await namesOf({ architecture: 'fake', status: 'idle' })).toEqual(['Beta', 'Alpha']);
    expect(await namesOf({ architecture: 'other' })).toEqual([]);
    expect(await namesOf({ status: 'running' })).toEqual([]);
    expect(await namesOf({ profile: 'reviewer' })).toEqual([]);
    await expect(list(world, { limit: 1000 })).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('a follower of the list', () => {
  it('gets everything in pages, then every change as it is now', async () => {
    const world = await createWorld();
    world.sandboxes.behaviour = 'begin';
    const first = await create(world, 'first');
    const follow = world.engine.sessions.followSessions();
    const items: SessionListItem[] = [];
    const reading = (async () => {
      for await (const item of follow) items.push(item);
    })();
    await world.clock.settle();
    expect(items).toMatchObject([{ complete: true, removed: [], sessions: [{ sessionId: first }] }]);
    await world.handle(first).send();
    await world.handle(first).untilEvent('turn:started');
    await world.clock.settle();
    expect(items.at(-1)?.sessions).toMatchObject([{ sessionId: first, status: 'running' }]);
    const second = await create(world, 'second');
    await world.clock.settle();
    expect(items.at(-1)?.sessions).toMatchObject([{ sessionId: second, name: 'second' }]);
    await world.clock.wait(world.engine.sessions.delete(ANNA, second, { purge: true }));
    await world.clock.settle();
    expect(items.at(-1)?.removed).toEqual([second]);
    follow.close();
    await reading;
  });

  it('ends when the engine stops', async () => {
    const world = await createWorld();
    const reading = (async () => {
      for await (const _item of world.engine.sessions.followSessions());
    })();
    await world.clock.settle();
    await world.stop();
    await expect(reading).resolves.toBeUndefined();
  });
});

describe('creating a session', () => {
  it('stores its record and its first files before it is answered, and makes no sandbox', async () => {
    const world = await createWorld();
    const created = await world.clock.wait(
      world.engine.sessions.create(ANNA, {
        architecture: 'fake',
        name: 'named',
        metadata: { team: 'a' },
        defaultWorkspaceFiles: [{ path: 'a.txt', content: 'hello' }],
      }),
    );
    expect(world.store.record(created.sessionId)).toMatchObject({ name: 'named', principal: 'anna' });
    expect(world.store.file(created.sessionId, 'a.txt')).toBe('hello');
    expect(created.session).toMatchObject({ status: 'idle', metadata: { team: 'a' } });
    expect(world.sandboxes.all).toEqual([]);
    const files = await world.clock.wait(world.engine.sessions.files(created.sessionId));
    expect(files).toMatchObject([{ path: 'a.txt', size: 5 }]);
  });

  it('with an agent or a profile that is not there is refused, and leaves nothing', async () => {
    const world = await createWorld();
    const refused = (request: object) =>
      world.clock.wait(world.engine.sessions.create(ANNA, { architecture: 'fake', ...request }));
    await expect(refused({ architecture: 'other' })).rejects.toMatchObject({ code: 'unknown_architecture' });
    await expect(refused({ agentProfileRef: 'other' })).rejects.toMatchObject({ code: 'profile_not_found' });
    await expect(refused({ surprise: 1 })).rejects.toMatchObject({ code: 'invalid_request' });
    const huge = { path: 'huge', content: 'x'.repeat(11 * 1024 * 1024) };
    await expect(refused({ defaultWorkspaceFiles: [huge] })).rejects.toMatchObject({
      code: 'payload_too_large',
    });
    expect(world.store.sessionIds).toEqual([]);
  });
});

describe('changing a session', () => {
  it('shows in the session and in its record', async () => {
    const world = await createWorld();
    const sessionId = await create(world, 'old');
    const changed = await world.clock.wait(
      world.engine.sessions.update(ANNA, sessionId, {
        name: 'new',
        metadata: { a: 1 },
        sessionOptions: { model: 'm' },
      }),
    );
    expect(changed).toMatchObject({ name: 'new', metadata: { a: 1 }, sessionOptions: { model: 'm' } });
    await world.clock.advance(1000);
    expect(world.store.record(sessionId)).toMatchObject({ name: 'new', sessionOptions: { model: 'm' } });
  });
});
