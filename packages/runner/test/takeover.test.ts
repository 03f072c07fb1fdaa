import { describe, expect, it } from 'vitest';
import { useBundle } from './support/bundle.ts';
import { useSandboxes } from './support/sandbox.ts';

const makeSandbox = useSandboxes(useBundle());

const ofError = (frame: { type: string; id?: unknown }) => frame.type === 'error' && frame.id === undefined;

describe('an engine with a higher epoch', () => {
  it('takes the session over: the connections before it end with `stale_epoch`', async () => {
    const sandbox = makeSandbox();
    const first = sandbox.connect();
    await first.hello(1);
    await first.setup();
    await first.turn('ask Bash', 'a');
    const second = sandbox.connect();
    expect(await second.hello(2)).toMatchObject({ epoch: 2, activeTurnId: 'turn-a' });
    expect(await first.find('the end', ofError)).toMatchObject({ code: 'stale_epoch' });
    expect(await first.ended).toBe(0);
  });

  // [LAW-08-runner-highest-epoch]
  it('is remembered: one with a lower epoch is refused, also by the runner after this one', async () => {
    const sandbox = makeSandbox();
    await sandbox.connect().hello(7);
    for (const refused of [sandbox.connect(), sandbox.connect()]) {
      refused.send({ type: 'hello', minimum: 1, maximum: 1, sessionId: 'session-1', epoch: 6 });
      expect(await refused.find('the refusal', ofError)).toMatchObject({ code: 'stale_epoch' });
      await refused.ended;
    }
    await sandbox.end('SIGKILL');
    const later = sandbox.connect();
    later.send({ type: 'hello', minimum: 1, maximum: 1, sessionId: 'session-1', epoch: 6 });
    expect(await later.find('the refusal', ofError)).toMatchObject({ code: 'stale_epoch' });
    await sandbox.connect().hello(8);
  });

  it('may have several connections, and each gets every event', async () => {
    const sandbox = makeSandbox();
    const [one, two] = [sandbox.connect(), sandbox.connect()];
    const { journal } = await one.hello();
    await two.hello();
    one.attach(journal);
    two.attach(journal);
    await one.setup();
    await one.turn('text 50', 'a');
    await Promise.all([one.event('turn:completed'), two.event('turn:completed')]);
    expect(two.events()).toEqual(one.events());
  });
});

describe('a greeting', () => {
  it('agrees on the newest version that both speak', async () => {
    const engine = makeSandbox().connect();
    engine.send({ type: 'hello', minimum: 0, maximum: 9, sessionId: 'session-1', epoch: 1 });
    expect(await engine.find('hello', (frame) => frame.type === 'hello')).toMatchObject({ version: 1 });
  });

  it.each([
    [
      'an engine that speaks only newer versions',
      { minimum: 2, maximum: 3, sessionId: 'session-1' },
      'version_unsupported',
    ],
    [
      'an engine that speaks only older versions',
      { minimum: -1, maximum: 0, sessionId: 'session-1' },
      'version_unsupported',
    ],
    ['an engine of another session', { minimum: 1, maximum: 1, sessionId: 'session-2' }, 'invalid_request'],
  ])('refuses %s', async (_, greeting, code) => {
    const engine = makeSandbox().connect();
    engine.send({ type: 'hello', epoch: 1, ...greeting });
    expect(await engine.find('the refusal', ofError)).toMatchObject({ code });
    expect(await engine.ended).toBe(0);
  });

  it('must come first', async () => {
    const engine = makeSandbox().connect();
    engine.send({ type: 'ping', id: 'early' });
    expect(await engine.find('the refusal', ofError)).toMatchObject({ code: 'protocol_error' });
  });
});

describe('what is not understood', () => {
  it('fails by itself when it has an id, and the connection goes on', async () => {
    const engine = makeSandbox().connect();
    await engine.hello();
    engine.sendRaw('{"type":"teleport","id":"t1","to":"moon"}\n');
    const answer = await engine.find('the refusal', (frame) => frame.type === 'error' && frame.id === 't1');
    expect(answer).toMatchObject({ code: 'invalid_request' });
    engine.sendRaw('{"type":"command","command":{"type":"dance","commandId":"c1"}}\n');
    await engine.find('the refusal', (frame) => frame.type === 'error' && frame.id === 'c1');
    engine.send({ type: 'ping', id: 'alive' });
    await engine.find('pong', (frame) => frame.type === 'pong' && frame.id === 'alive');
  });

  it.each([
    ['a frame without an id', '{"type":"teleport"}\n'],
    ['a line that is not JSON', 'GET / HTTP/1.1\r\n'],
    ['a value that is no frame', '42\n'],
    ['an attach beyond the head', undefined],
  ])('ends the connection with an error: %s; the runner goes on', async (_, line) => {
    const sandbox = makeSandbox();
    const engine = sandbox.connect();
    const { journal } = await engine.hello();
    if (line) engine.sendRaw(line);
    else engine.attach({ id: journal.id, offset: journal.offset + 1 });
    await engine.find('the error', ofError);
    await engine.ended;
    await sandbox.connect().hello();
  });

  it('names the fault: beyond the head is invalid, another journal unknown', async () => {
    const sandbox = makeSandbox();
    const beyond = sandbox.connect();
    const { journal } = await beyond.hello();
    beyond.attach({ id: journal.id, offset: 1_000 });
    expect(await beyond.find('the error', ofError)).toMatchObject({ code: 'invalid_request' });
    const unknown = sandbox.connect();
    await unknown.hello();
    unknown.attach({ id: 'journal-of-another', offset: 0 });
    expect(await unknown.find('the error', ofError)).toMatchObject({ code: 'journal_unknown' });
  });
});
