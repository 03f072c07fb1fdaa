import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventPayload, RunnerFrame } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { useBundle } from './support/bundle.ts';
import { type Engine, SETUP } from './support/engine.ts';
import { isAlive, spawnedProcess, useSandboxes } from './support/sandbox.ts';

const makeSandbox = useSandboxes(useBundle());

async function started(flags: string[] = []) {
  const sandbox = makeSandbox();
  const engine = sandbox.connect(...flags);
  const hello = await engine.hello();
  engine.attach({ id: hello.journal.id, offset: 0 });
  await engine.setup();
  return { sandbox, engine, hello };
}

const typesOf = (engine: Engine) => engine.events().map((frame) => frame.event.type);

const calls = (toolName: string) => (frame: RunnerFrame) => {
  if (frame.type !== 'event' || frame.event.type !== 'block:upsert') return false;
  const { block } = frame.event.payload as EventPayload<'block:upsert'>;
  return block.type === 'tool_use' && block.toolName === toolName;
};

describe('a turn', () => {
  it('is told from its start over the message and the answer to its end', async () => {
    const { engine } = await started();
    await engine.turn('say hello', 'a');
    await engine.event('turn:completed');
    expect(typesOf(engine)).toEqual(['turn:started', 'block:upsert', 'block:upsert', 'turn:completed']);
    const [, user, answer] = engine.events();
    expect(user?.event.payload).toMatchObject({
      block: { id: 'message-a', type: 'user_message', content: 'say hello', status: 'complete' },
    });
    expect(answer?.event.payload).toMatchObject({ block: { type: 'assistant_text', content: 'hello' } });
    expect(engine.events().map((frame) => frame.event.turnId)).toEqual(Array(4).fill('turn-a'));
    expect(engine.events().map((frame) => frame.journal.offset)).toEqual([1, 2, 3, 4]);
  });

  it('streams text whose pieces add up to the whole, in far fewer frames than tokens', async () => {
    const { engine } = await started();
    await engine.turn('text 5000', 'a');
    await engine.event('turn:completed');
    const deltas = engine
      .events()
      .filter((frame) => frame.event.type === 'block:delta')
      .map((frame) => (frame.event.payload as EventPayload<'block:delta'>).delta);
    const last = engine.events().findLast((frame) => frame.event.type === 'block:upsert');
    expect(last?.event.payload).toMatchObject({ block: { status: 'complete', content: deltas.join('') } });
    expect(deltas.length).toBeLessThan(500);
  });

  it('tells of every file that it wrote before it ends', async () => {
    const { engine, sandbox } = await started();
    writeFileSync(join(sandbox.workspace, 'mine.txt'), 'by another');
    await engine.turn('file src/a.txt one\nfile b.txt two\ndelete b.txt\nfile c.txt three', 'a');
    await engine.event('turn:completed');
    const files = new Map<string, string>();
    for (const { event } of engine.events()) {
      const { path } = event.payload as { path: string };
      if (event.type === 'file:created' || event.type === 'file:modified') files.set(path, event.type);
      if (event.type === 'file:deleted') files.delete(path);
    }
    expect([...files.keys()].sort()).toEqual(['c.txt', 'mine.txt', 'src/a.txt']);
  });

  it('waits for a permission, and goes on with the answer', async () => {
    const { engine } = await started();
    await engine.turn('ask Bash', 'a');
    const ask = await engine.event('permission:requested');
    const { requestId } = ask.event.payload as EventPayload<'permission:requested'>;
    engine.send({
      type: 'command',
      command: { type: 'permission', commandId: 'answer', requestId, decision: 'deny', message: 'not today' },
    });
    await engine.event('turn:completed');
    const result = engine
      .events()
      .map((frame) => frame.event.payload as { block?: { type: string } })
      .find((payload) => payload.block?.type === 'tool_result');
    expect(result?.block).toMatchObject({ isError: true, output: 'not today' });
  });

  it('ends as failed when the agent fails or crashes, and the next one runs', async () => {
    const { engine } = await started();
    await engine.turn('fail for a reason', 'a');
    expect((await engine.event('turn:failed', 'turn-a')).event.payload).toMatchObject({
      code: 'agent_error',
      message: 'for a reason',
      retryable: false,
    });
    await engine.turn('crash', 'b');
    expect((await engine.event('turn:failed', 'turn-b')).event.payload).toMatchObject({
      code: 'agent_lost',
      retryable: true,
    });
    await engine.turn('recall', 'c');
    await engine.event('turn:completed', 'turn-c');
  });
});

describe('an interrupt', () => {
  it('ends the turn that it names, and closes what was pending', async () => {
    const { engine } = await started();
    await engine.turn('text 100000 50', 'a');
    await engine.event('block:delta');
    const interrupt = { type: 'interrupt', commandId: 'stop', turnId: 'turn-a' } as const;
    engine.send({ type: 'command', command: interrupt });
    await engine.event('turn:interrupted', 'turn-a');
    const last = engine.events().findLast((frame) => frame.event.type === 'block:upsert');
    expect(last?.event.payload).toMatchObject({ block: { type: 'assistant_text', status: 'error' } });
  });

  it('is void when the turn that it names is over', async () => {
    const { engine } = await started();
    await engine.turn('say one', 'a');
    await engine.event('turn:completed', 'turn-a');
    await engine.turn('ask Bash', 'b');
    const ask = await engine.event('permission:requested', 'turn-b');
    engine.send({ type: 'command', command: { type: 'interrupt', commandId: 'late', turnId: 'turn-a' } });
    await engine.find('taken', (frame) => frame.type === 'taken' && frame.commandId === 'late');
    const { requestId } = ask.event.payload as EventPayload<'permission:requested'>;
    engine.send({
      type: 'command',
      command: { type: 'permission', commandId: 'answer', requestId, decision: 'allow' },
    });
    await engine.event('turn:completed', 'turn-b');
  });

  it('ends an agent that does not hear it, with the processes that it started', async () => {
    const { engine } = await started(['--interrupt-ms', '300']);
    await engine.turn('spawn\nhang', 'a');
    const pid = await spawnedProcess(engine);
    await engine.find('the call that hangs', calls('Hang'));
    engine.send({ type: 'command', command: { type: 'interrupt', commandId: 'stop', turnId: 'turn-a' } });
    await engine.event('turn:interrupted', 'turn-a');
    expect(isAlive(pid)).toBe(false);
    await engine.turn('say on', 'b');
    await engine.event('turn:completed', 'turn-b');
  });
});

describe('commands', () => {
  it('are taken once, however often they are sent', async () => {
    const { engine } = await started();
    await engine.turn('say once', 'a');
    await engine.event('turn:completed');
    const before = engine.frames.length;
    const ids = { commandId: 'command-a', turnId: 'turn-a', messageId: 'message-a' };
    engine.send({ type: 'command', command: { type: 'turn', ...ids, content: 'say once' } });
    await engine.find(
      'a second taken',
      (frame) => frame.type === 'taken' && engine.frames.indexOf(frame) >= before,
    );
    await engine.turn('say another', 'b');
    await engine.event('turn:completed', 'turn-b');
    expect(typesOf(engine).filter((type) => type === 'turn:started')).toHaveLength(2);
  });

  it('are refused as a turn while another runs, and may be sent again later', async () => {
    const { engine } = await started();
    await engine.turn('ask Bash', 'a');
    await expect(engine.turn('say too early', 'b')).rejects.toMatchObject({ code: 'capacity' });
    engine.send({ type: 'command', command: { type: 'interrupt', commandId: 'stop', turnId: 'turn-a' } });
    await engine.event('turn:interrupted', 'turn-a');
    const ids = { commandId: 'command-b', turnId: 'turn-b', messageId: 'message-b' };
    engine.send({ type: 'command', command: { type: 'turn', ...ids, content: 'say in time' } });
    await engine.event('turn:completed', 'turn-b');
  });

  it('are refused before there is a setup', async () => {
    const engine = makeSandbox().connect();
    await engine.hello();
    await expect(engine.turn('say hello')).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('that the agent cannot carry out are refused', async () => {
    const { engine } = await started();
    await engine.turn('ask Bash', 'a');
    const ids = { commandId: 'steer', turnId: 'turn-a', messageId: 'message-s' };
    engine.send({ type: 'command', command: { type: 'steer', ...ids, content: 'rather this' } });
    const answer = await engine.find('refusal', (frame) => frame.type === 'error' && frame.id === 'steer');
    expect(answer).toMatchObject({ code: 'capability_missing' });
  });
});

describe('a setup', () => {
  it('sent again is answered the same', async () => {
    const { engine } = await started();
    const answers = () => engine.frames.filter((frame) => frame.type === 'configured');
    const first = answers()[0];
    await engine.turn('say hello', 'a');
    await engine.event('turn:completed');
    const before = engine.frames.length;
    await engine.setup();
    await engine.find(
      'a second answer',
      (frame) => frame.type === 'configured' && engine.frames.indexOf(frame) >= before,
    );
    expect(answers()).toEqual([first, first]);
    await engine.turn('recall', 'b');
    await engine.event('turn:completed', 'turn-b');
  });

  it('that changed counts from the next turn on; the agent keeps its memory', async () => {
    const { engine } = await started();
    await engine.turn('say hello\nask Bash', 'a');
    const ask = await engine.event('permission:requested');
    const before = engine.frames.length;
    engine.send({ type: 'setup', setup: { ...SETUP, environment: { TOKEN: 'renewed' } } });
    await engine.find(
      'an answer',
      (frame) => frame.type === 'configured' && engine.frames.indexOf(frame) >= before,
    );
    await engine.stream({ kind: 'transcript' });
    const { requestId } = ask.event.payload as EventPayload<'permission:requested'>;
    engine.send({
      type: 'command',
      command: { type: 'permission', commandId: 'answer', requestId, decision: 'allow' },
    });
    await engine.event('turn:completed', 'turn-a');
    await engine.turn('environment TOKEN\nrecall', 'b');
    await engine.event('turn:completed', 'turn-b');
    const said = JSON.stringify(engine.events().filter((frame) => frame.event.turnId === 'turn-b'));
    expect(said).toContain('TOKEN=renewed');
    expect(said).toContain('I remember: say hello');
  });

  it('of an agent that the runner does not know is refused', async () => {
    const engine = makeSandbox().connect();
    await engine.hello();
    await expect(engine.setup({ architecture: 'abacus' })).rejects.toThrow(/unknown_architecture/);
  });
});
