import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LIMITS } from '@hhopkins/agent-protocol';
import { describe, expect, it } from 'vitest';
import { useBundle } from './support/bundle.ts';
import { eventually, useSandboxes } from './support/sandbox.ts';

const makeSandbox = useSandboxes(useBundle());
const JOURNAL_BYTES = 256 * 1024;

async function started(...flags: string[]) {
  const sandbox = makeSandbox();
  const engine = sandbox.connect(...flags);
  const hello = await engine.hello();
  engine.attach({ id: hello.journal.id, offset: 0 });
  await engine.setup();
  return { sandbox, engine, hello };
}

describe('a journal that nobody takes over', () => {
  // [BOUND-journal-full]
  it('ends the turn as `journal_full` within its bound, and goes on once it was taken over', async () => {
    const { sandbox, engine } = await started('--journal-bytes', `${JOURNAL_BYTES}`);
    await engine.turn('text 200000', 'a');
    const end = await engine.event('turn:failed', 'turn-a');
    expect(end.event.payload).toMatchObject({ code: 'journal_full', retryable: true });
    const [error, closed] = [engine.events().at(-2), engine.events().at(-3)];
    expect(error?.event).toMatchObject({ type: 'error', payload: { code: 'journal_full' } });
    expect(closed?.event.payload).toMatchObject({ block: { type: 'assistant_text', status: 'error' } });
    const files = globSync('journal/*/*.jsonl', { cwd: sandbox.state });
    const used = files.reduce((sum, path) => sum + statSync(join(sandbox.state, path)).size, 0);
    expect(used).toBeLessThanOrEqual(JOURNAL_BYTES);

    await expect(engine.turn('say too early', 'b')).rejects.toMatchObject({ code: 'journal_full' });
    engine.send({ type: 'ack', journal: end.journal });
    const taken = async () => {
      try {
        await engine.turn('say on', `c${engine.frames.length}`);
        return true;
      } catch {
        return false;
      }
    };
    await eventually('another turn is taken', taken);
    await engine.event('turn:completed');
  });

  // [BOUND-journal-full]
  it('ends the turn as `journal_full` too when nobody is there, and tells whoever comes', async () => {
    const { sandbox, engine, hello } = await started('--journal-bytes', `${JOURNAL_BYTES}`);
    await engine.turn('text 200000', 'a');
    const pid = sandbox.servePid();
    await engine.close();
    const next = sandbox.connect();
    await next.hello();
    next.attach({ id: hello.journal.id, offset: 0 });
    const end = await next.event('turn:failed', 'turn-a');
    expect(end.event.payload).toMatchObject({ code: 'journal_full' });
    expect(sandbox.servePid()).toBe(pid);
    next.send({ type: 'ack', journal: end.journal });
    let tries = 0;
    await eventually('another turn is taken', () =>
      next.turn('say on', `b${++tries}`).then(
        () => true,
        () => false,
      ),
    );
    await next.event('turn:completed');
  });

  it('does not end a turn of any length while it is taken over', async () => {
    const { engine, sandbox } = await started('--journal-bytes', `${JOURNAL_BYTES}`);
    let acknowledged = 0;
    const acknowledging = setInterval(() => {
      const last = engine.events().at(-1);
      if (last && last.journal.offset > acknowledged) {
        acknowledged = last.journal.offset;
        engine.send({ type: 'ack', journal: last.journal });
      }
    }, 5);
    const steps = Array.from({ length: 60 }, () => 'output 20000\nsleep 20');
    await engine.turn(steps.join('\n'), 'a');
    await engine.event('turn:completed', 'turn-a');
    clearInterval(acknowledging);
    const offsets = engine.events().map((frame) => frame.journal.offset);
    expect(offsets).toEqual(offsets.map((_, index) => index + 1));
    const sizes = globSync('journal/*/*.jsonl', { cwd: sandbox.state }).map(
      (path) => statSync(join(sandbox.state, path)).size,
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(JOURNAL_BYTES);
  });
});

describe('a large result', () => {
  it('is cut to what an event may have, and says so', async () => {
    const { engine } = await started();
    await engine.turn('output 2000000', 'a');
    await engine.event('turn:completed');
    const sizes = engine.events().map((frame) => Buffer.byteLength(JSON.stringify(frame.event.payload)));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(LIMITS.eventPayload);
    expect(JSON.stringify(engine.events())).toContain('more characters were cut');
  });
});

describe('a runner that nobody attends', () => {
  it('ends by itself, and its agent with it', async () => {
    const { sandbox, engine, hello } = await started('--orphan-ttl-ms', '200', '--interrupt-ms', '200');
    await engine.turn('spawn\nhang', 'a');
    const pid = sandbox.servePid();
    await engine.close();
    await eventually('the runner is gone', () => {
      try {
        return sandbox.servePid() !== pid;
      } catch {
        return true;
      }
    });
    const next = sandbox.connect();
    await next.hello();
    next.attach({ id: hello.journal.id, offset: 0 });
    const end = await next.event('turn:failed', 'turn-a');
    expect(end.event.payload).toMatchObject({ code: 'runner_lost' });
  });
});
