import { LIMITS } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { ANNA, createWorld, type SessionHandle, type World } from '../doubles/world.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const write = (world: World, session: SessionHandle, path: string, text: string) =>
  world.clock.wait(world.engine.sessions.writeFile(ANNA, session.id, path, bytes(text)));
const read = async (world: World, session: SessionHandle, path: string) =>
  new TextDecoder().decode(
    (await world.clock.wait(world.engine.sessions.readFile(session.id, path))).content,
  );

describe('a file', () => {
  it('can be written, read and removed without a sandbox', async () => {
    const world = await createWorld();
    const session = await world.session();
    await write(world, session, 'a/b.txt', 'one');
    await write(world, session, 'a/b.txt', 'two');
    expect(await read(world, session, 'a/b.txt')).toBe('two');
    expect(session.types().slice(-2)).toEqual(['file:created', 'file:modified']);
    await world.clock.wait(world.engine.sessions.deleteFile(ANNA, session.id, 'a/b.txt'));
    await expect(read(world, session, 'a/b.txt')).rejects.toMatchObject({ code: 'file_not_found' });
    expect(await world.clock.wait(world.engine.sessions.files(session.id))).toEqual([]);
  });

  it('written without a sandbox is in the next one', async () => {
    const world = await createWorld();
    const session = await world.session();
    await write(world, session, 'a.txt', 'before');
    await session.send();
    await session.untilQuiet();
    expect(session.sandbox().disk.read('a.txt')).toEqual(bytes('before'));
  });

  it('is written into the sandbox and into the store while there is one', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    await write(world, session, 'a.txt', 'live');
    expect(session.sandbox().disk.read('a.txt')).toEqual(bytes('live'));
    expect(world.store.file(session.id, 'a.txt')).toBe('live');
    await world.clock.advance(1000);
    expect((await world.clock.wait(world.engine.sessions.files(session.id))).map(({ path }) => path)).toEqual(
      ['a.txt'],
    );
  });

  it('written while the sandbox is being made is in it, and stays in the store', async () => {
    const world = await createWorld();
    const session = await world.session();
    world.store.faults.script('saveWorkspaceFile', null);
    const [, turn] = await Promise.all([write(world, session, 'a.txt', 'in time'), session.send()]);
    await session.untilQuiet();
    await world.clock.advance(60_000);
    expect(session.outcomes(turn.turnId)).toEqual(['turn:completed']);
    expect(session.sandbox().disk.read('a.txt')).toEqual(bytes('in time'));
    expect(world.store.file(session.id, 'a.txt')).toBe('in time');
  });

  it('written while the runner cannot be reached waits for it', async () => {
    const world = await createWorld();
    const session = await world.session();
    await session.send();
    await session.untilQuiet();
    session.runner().cutLinks();
    await world.clock.settle();
    await write(world, session, 'a.txt', 'patient');
    expect(session.sandbox().disk.read('a.txt')).toEqual(bytes('patient'));
  });

  it('is refused outside of the workspace, and when it is too large', async () => {
    const world = await createWorld();
    const session = await world.session();
    for (const path of ['../up', '/etc/passwd', 'a//b', 'a/./b', ''])
      await expect(write(world, session, path, 'x')).rejects.toMatchObject({ code: 'invalid_request' });
    const large = new Uint8Array(LIMITS.file + 1);
    await expect(
      world.clock.wait(world.engine.sessions.writeFile(ANNA, session.id, 'large', large)),
    ).rejects.toMatchObject({ code: 'payload_too_large' });
  });

  it('of bytes that are no text is kept as it is', async () => {
    const world = await createWorld();
    const session = await world.session();
    const content = Uint8Array.from([0, 255, 254, 128, 10]);
    await world.clock.wait(world.engine.sessions.writeFile(ANNA, session.id, 'data', content));
    const back = await world.clock.wait(world.engine.sessions.readFile(session.id, 'data'));
    expect(back.content).toEqual(content);
  });
});

describe('the transcript', () => {
  it('is given as last saved, also of a subagent', async () => {
    const world = await createWorld();
    const session = await world.session();
    await expect(world.clock.wait(world.engine.sessions.transcript(session.id))).rejects.toMatchObject({
      code: 'file_not_found',
    });
    await session.send();
    await session.untilQuiet();
    session.sandbox().disk.subagents.set('helper', 'helped');
    await world.clock.wait(world.engine.sessions.sync(ANNA, session.id));
    expect(await world.clock.wait(world.engine.sessions.transcript(session.id))).toContain('answer to hello');
    expect(await world.clock.wait(world.engine.sessions.transcript(session.id, 'helper'))).toBe('helped');
  });
});
