import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Conversation, reduceConversation, type SessionEvent } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { openInbox } from '../src/inbox/inbox.ts';
import { useBundle } from './support/bundle.ts';
import type { Engine, EventFrame } from './support/engine.ts';
import { eventually, isAlive, spawnedProcess, useSandboxes } from './support/sandbox.ts';

const makeSandbox = useSandboxes(useBundle());

async function started() {
  const sandbox = makeSandbox();
  const engine = sandbox.connect();
  const hello = await engine.hello();
  engine.attach({ id: hello.journal.id, offset: 0 });
  await engine.setup();
  return { sandbox, engine, hello };
}

const conversationOf = (events: EventFrame[]): Conversation =>
  events.reduce<Conversation>(
    (conversation, { event }) =>
      reduceConversation(conversation, {
        ...event,
        context: { conversationId: event.conversationId },
      } as unknown as SessionEvent),
    { blocks: [], subagents: [] },
  );

const lastPosition = (engine: Engine) => engine.events().at(-1)?.journal ?? { id: '', offset: 0 };

describe('a connection that breaks', () => {
  it('does not disturb the turn, and the next one goes on where it stopped', async () => {
    const { sandbox, engine } = await started();
    await engine.turn('text 400 400', 'a');
    await engine.event('block:delta');
    engine.kill();
    await engine.ended;
    const next = sandbox.connect();
    const hello = await next.hello();
    expect(hello).toMatchObject({ configured: true, activeTurnId: 'turn-a' });
    next.attach(lastPosition(engine));
    await next.event('turn:completed', 'turn-a');

    const all = [...engine.events(), ...next.events()];
    expect(all.map((frame) => frame.journal.offset)).toEqual(all.map((_, index) => index + 1));
    const answer = conversationOf(all).blocks.at(-1);
    const words = Array.from({ length: 400 }, (_, index) => `token${index}`).join(' ');
    expect(answer).toMatchObject({ content: words, status: 'complete' });
  });
});

describe('a runner that is killed in a turn', () => {
  it('is followed by one that closes the turn as lost, with nothing left pending', async () => {
    const { sandbox, engine, hello } = await started();
    await engine.turn('say before', 'a');
    await engine.event('turn:completed', 'turn-a');
    await engine.turn('file kept.txt content\nsubagent helper 3\ntext 100000 100', 'b');
    await engine.find('text of the agent itself', (frame) => {
      if (frame.type !== 'event' || frame.event.type !== 'block:delta') return false;
      return frame.event.turnId === 'turn-b' && frame.event.conversationId === 'main';
    });
    await sandbox.end('SIGKILL');
    await engine.ended;

    const next = sandbox.connect();
    const again = await next.hello();
    expect(again.journal.id).not.toBe(hello.journal.id);
    expect(again.journals.map((journal) => journal.id)).toEqual([hello.journal.id, again.journal.id]);
    expect(again).toMatchObject({ configured: true, activeTurnId: null });
    next.attach(lastPosition(engine));
    const end = await next.event('turn:failed', 'turn-b');
    expect(end.event.payload).toMatchObject({ code: 'runner_lost', retryable: true });
    expect(end.journal.id).toBe(again.journal.id);

    const conversation = conversationOf([...engine.events(), ...next.events()]);
    const blocks = [...conversation.blocks, ...conversation.subagents.flatMap((each) => each.blocks)];
    expect(blocks.filter((block) => block.status === 'pending')).toEqual([]);
    expect(conversation.blocks.at(-1)).toMatchObject({ type: 'assistant_text', status: 'error' });

    await next.turn('recall', 'c');
    await next.event('turn:completed', 'turn-c');
    const recalled = conversationOf(next.events()).blocks.at(-1);
    expect(recalled).toMatchObject({ content: expect.stringContaining('I remember: say before') });
  });

  // [DIES-runner]
  it('leaves no process of its agent behind', async () => {
    const { sandbox, engine } = await started();
    await engine.turn('spawn\nhang', 'a');
    const pid = await spawnedProcess(engine);
    await sandbox.end('SIGKILL');
    expect(isAlive(pid)).toBe(true);
    const next = sandbox.connect();
    await next.hello();
    expect(isAlive(pid)).toBe(false);
  });

  it('gives every frame once and in order to who reads on, however often it happens', async () => {
    const { sandbox, engine } = await started();
    let reader = engine;
    const seen: EventFrame[] = [];
    for (let round = 0; round < 3; round += 1) {
      await reader.turn('text 100000 500', `${round}`);
      await reader.event('block:delta', `turn-${round}`);
      await sandbox.end('SIGKILL');
      await reader.ended;
      seen.push(...reader.events());
      const next = sandbox.connect();
      await next.hello();
      next.attach(seen.at(-1)?.journal ?? { id: '', offset: 0 });
      await next.event('turn:failed', `turn-${round}`);
      reader = next;
    }
    seen.push(...reader.events());
    const fresh = sandbox.connect();
    const hello = await fresh.hello();
    fresh.attach({ id: hello.journals[0]?.id ?? '', offset: 0 });
    await fresh.find('the last frame', () => fresh.events().length >= seen.length);
    expect(fresh.events()).toEqual(seen);
    expect(hello.journals).toHaveLength(4);
  });

  it('has its files known: what was deleted meanwhile is told as deleted', async () => {
    const { sandbox, engine } = await started();
    await engine.turn('file gone.txt content\nfile kept.txt content', 'a');
    await engine.event('turn:completed');
    await sandbox.end('SIGKILL');
    await engine.ended;
    rmSync(join(sandbox.workspace, 'gone.txt'));
    const next = sandbox.connect();
    await next.hello();
    next.attach(lastPosition(engine));
    await next.event('file:deleted');
    const files = next.events().filter((frame) => frame.event.type.startsWith('file:'));
    expect(files.map(({ event }) => [event.type, event.payload])).toEqual([
      ['file:deleted', { path: 'gone.txt' }],
    ]);
  });
});

describe('a runner that is stopped in good order', () => {
  it('is followed by one that goes on with the same journal', async () => {
    const { sandbox, engine, hello } = await started();
    await engine.turn('say hello', 'a');
    await engine.event('turn:completed');
    await sandbox.end('SIGTERM');
    await engine.ended;
    const next = sandbox.connect();
    const again = await next.hello();
    expect(again.journals).toHaveLength(1);
    expect(again.journal.id).toBe(hello.journal.id);
    next.attach(again.journal);
    await next.turn('recall', 'b');
    await next.event('turn:completed', 'turn-b');
    expect(next.events()[0]?.journal.offset).toBe(again.journal.offset + 1);
  });

  it('leaves the turn that was running to the next one, which closes it', async () => {
    const { sandbox, engine } = await started();
    await engine.turn('text 100000 50', 'a');
    await engine.event('block:delta');
    await sandbox.end('SIGTERM');
    await engine.ended;
    const ends = (frames: typeof engine) =>
      frames.events().filter(({ event }) => /^turn:(?!started)/.test(event.type));
    expect(ends(engine)).toEqual([]);
    const next = sandbox.connect();
    await next.hello();
    next.attach(lastPosition(engine));
    await next.event('turn:failed', 'turn-a');
    expect(ends(next)).toMatchObject([{ event: { payload: { code: 'runner_lost' } } }]);
    expect(next.events().at(-1)).toEqual(ends(next)[0]);
  });
});

describe('a command that was taken but never reached the agent', () => {
  const command = {
    type: 'turn',
    commandId: 'command-x',
    turnId: 'turn-x',
    messageId: 'message-x',
    content: 'say late',
  } as const;

  it('is run by the next runner, once', async () => {
    const { sandbox, engine } = await started();
    await engine.turn('say first', 'a');
    await engine.event('turn:completed');
    await sandbox.end('SIGKILL');
    await engine.ended;
    const inbox = await openInbox(join(sandbox.state, 'inbox.jsonl'));
    await inbox.take(command);
    await inbox.close();

    const next = sandbox.connect();
    await next.hello();
    next.attach(lastPosition(engine));
    await next.event('turn:completed', 'turn-x');
    next.send({ type: 'command', command });
    await next.find('taken', (frame) => frame.type === 'taken' && frame.commandId === 'command-x');
    await next.turn('say after', 'b');
    await next.event('turn:completed', 'turn-b');
    const starts = next.events().filter((frame) => frame.event.type === 'turn:started');
    expect(starts.map((frame) => frame.event.turnId)).toEqual(['turn-x', 'turn-b']);
  });

  it('is not run when the transcript shows its message, but ends as lost', async () => {
    const { sandbox, engine } = await started();
    await engine.turn('say first', 'a');
    await engine.event('turn:completed');
    await sandbox.end('SIGKILL');
    await engine.ended;
    const inbox = await openInbox(join(sandbox.state, 'inbox.jsonl'));
    await inbox.take({ ...command, messageId: 'message-a' });
    await inbox.close();

    const next = sandbox.connect();
    await next.hello();
    next.attach(lastPosition(engine));
    const end = await next.event('turn:failed', 'turn-x');
    expect(end.event.payload).toMatchObject({ code: 'runner_lost' });
  });
});

describe('a saved transcript', () => {
  // [LAW-10-torn-closed]
  it('is taken up in a new sandbox, torn lines cut and dangling calls closed', async () => {
    const { engine } = await started();
    await engine.turn('say first', 'a');
    await engine.event('turn:completed', 'turn-a');
    const exported = JSON.parse((await engine.stream({ kind: 'transcript' })).toString('utf8'));
    expect(exported.journal).toEqual(lastPosition(engine));

    const other = makeSandbox();
    mkdirSync(join(other.state, 'restore', 'subagents'), { recursive: true });
    const dangling = {
      id: 'call',
      type: 'tool_use',
      toolName: 'Bash',
      toolUseId: 'call',
      input: {},
      status: 'pending',
      timestamp: new Date(0).toISOString(),
    };
    const torn = `${JSON.stringify({ type: 'block', block: dangling })}\n{"type":"blo`;
    writeFileSync(join(other.state, 'restore', 'main.jsonl'), exported.main + torn);
    writeFileSync(join(other.state, 'restore', 'agent-session-id'), exported.agentSessionId);
    const restored = other.connect();
    const hello = await restored.hello();
    restored.attach({ id: hello.journal.id, offset: 0 });
    expect(await restored.setup({ restore: true })).toMatchObject({ fidelity: 'native' });
    await restored.turn('recall', 'b');
    await restored.event('turn:completed', 'turn-b');
    const answer = conversationOf(restored.events()).blocks.at(-1);
    expect(answer).toMatchObject({ content: 'I remember: say first' });
    const again = JSON.parse((await restored.stream({ kind: 'transcript' })).toString('utf8'));
    expect(again.agentSessionId).toBe(exported.agentSessionId);
    expect(again.main).toContain('The tool was cut off');
  });

  it('that is missing leaves a fresh agent, and the reason is told', async () => {
    const engine = makeSandbox().connect();
    await engine.hello();
    const answer = await engine.setup({ restore: true, agentSessionId: 'before' });
    expect(answer).toMatchObject({
      fidelity: 'fresh',
      reason: expect.stringContaining('no saved transcript'),
    });
  });
});

describe('a state folder that was copied while the runner wrote', () => {
  it('gives a runner that tells a beginning of the same story and closes it', async () => {
    const { sandbox, engine } = await started();
    await engine.turn('text 100000 1000', 'a');
    await engine.event('block:delta');
    const copy = makeSandbox();
    cpSync(join(sandbox.state, 'setup.json'), join(copy.state, 'setup.json'));
    cpSync(join(sandbox.state, 'journal'), join(copy.state, 'journal'), { recursive: true });
    const other = copy.connect();
    const hello = await other.hello();
    other.attach({ id: hello.journals[0]?.id ?? '', offset: 0 });
    await other.event('turn:failed', 'turn-a');
    const common = other.events().filter((frame) => frame.journal.id === hello.journals[0]?.id);
    await eventually('the first runner told as much', () => engine.events().length >= common.length);
    expect(engine.events().slice(0, common.length)).toEqual(common);
  });
});
