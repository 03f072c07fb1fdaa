import { describe, expect, it } from 'vitest';
import { ANNA, createWorld, type SessionHandle, type World } from '../doubles/world.ts';

const INTERVAL_MS = 30_000;

async function working(): Promise<{ world: World; session: SessionHandle }> {
  const world = await createWorld();
  world.sandboxes.behaviour = 'begin';
  const session = await world.session();
  await session.send('work');
  await session.untilEvent('turn:started');
  return { world, session };
}

const sync = (world: World, session: SessionHandle) =>
  world.clock.wait(world.engine.sessions.sync(ANNA, session.id));

describe('what a sandbox holds', () => {
  it('is in the store within an interval while the turn runs', async () => {
    const { world, session } = await working();
    await world.clock.advance(INTERVAL_MS);
    session.runner().write('notes.txt', 'draft');
    session.runner().say('thinking aloud');
    await world.clock.advance(INTERVAL_MS + 1000);
    expect(world.store.file(session.id, 'notes.txt')).toBe('draft');
    expect(world.store.transcript(session.id)).toContain('thinking aloud');
  });

  it('is in the store soon after the end of the turn', async () => {
    const { world, session } = await working();
    session.runner().write('notes.txt', 'done');
    session.runner().complete();
    await session.untilQuiet();
    await world.clock.advance(1000);
    expect(world.store.file(session.id, 'notes.txt')).toBe('done');
    expect(session.of('transcript:saved')[0]?.payload).toMatchObject({
      journal: { id: 'sandbox-1-journal-1', offset: expect.any(Number) },
      subagents: 0,
    });
    expect((await session.state()).transcriptSavedAt).not.toBeNull();
  });

  it('is stored subagents first: the main transcript names none that is not there', async () => {
    const { world, session } = await working();
    session.sandbox().disk.subagents.set('helper', 'helped');
    await sync(world, session);
    const writes = world.store.writes.filter((write) => write.startsWith('saveTranscript'));
    expect(writes).toEqual(['saveTranscript helper', 'saveTranscript main']);
  });

  it('is not written again while it stays the same', async () => {
    const { world, session } = await working();
    session.runner().write('notes.txt', 'same');
    await sync(world, session);
    const writes = world.store.writes.length;
    await sync(world, session);
    expect(world.store.writes.slice(writes)).toEqual([]);
  });

  it('loses in the store what was removed in the sandbox', async () => {
    const { world, session } = await working();
    session.runner().write('notes.txt', 'gone soon');
    await sync(world, session);
    session.sandbox().disk.remove('notes.txt');
    await sync(world, session);
    expect(world.store.file(session.id, 'notes.txt')).toBeUndefined();
  });

  it('is saved again after a failure of the store, whole', async () => {
    const { world, session } = await working();
    session.runner().write('a.txt', 'a');
    session.runner().write('b.txt', 'b');
    world.store.faults.script('saveWorkspaceFile', null, 'before');
    await expect(sync(world, session)).rejects.toMatchObject({ code: 'store_unavailable' });
    await world.clock.advance(INTERVAL_MS * 2);
    expect(world.store.file(session.id, 'a.txt')).toBe('a');
    expect(world.store.file(session.id, 'b.txt')).toBe('b');
  });

  it('keeps its files although its transcript cannot be had', async () => {
    const { world, session } = await working();
    session.runner().write('notes.txt', 'kept');
    world.store.faults.script('saveTranscript', 'before');
    await expect(sync(world, session)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(world.store.file(session.id, 'notes.txt')).toBe('kept');
  });

  it('that was deleted after it was written by a client is gone from the store too', async () => {
    const { world, session } = await working();
    const bytes = new TextEncoder().encode('by a client');
    await world.clock.wait(world.engine.sessions.writeFile(ANNA, session.id, 'notes.txt', bytes));
    expect(world.store.file(session.id, 'notes.txt')).toBe('by a client');
    session.sandbox().disk.remove('notes.txt');
    await sync(world, session);
    expect(world.store.file(session.id, 'notes.txt')).toBeUndefined();
  });

  it('under a name that is none is not kept', async () => {
    const { world, session } = await working();
    session.sandbox().disk.subagents.set('../../elsewhere', 'hostile');
    await sync(world, session);
    expect(world.store.transcript(session.id, '../../elsewhere')).toBeUndefined();
    expect(world.store.transcript(session.id)).toBeDefined();
  });
});

describe('saving by hand', () => {
  it('without a sandbox does nothing: what is saved is up to date', async () => {
    const world = await createWorld();
    const session = await world.session();
    await expect(sync(world, session)).resolves.toMatchObject({ status: 'idle' });
  });
});
