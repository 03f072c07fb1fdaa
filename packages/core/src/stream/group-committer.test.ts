import { AgentServerError, type SessionEvent } from '@hhopkins/agent-protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/doubles/clock.ts';
import { createFaults, type Fault } from '../../test/doubles/faults.ts';
import { createStoreLog } from '../../test/doubles/store-log.ts';
import type { AppendBatch, AppendResult, EventLog } from '../ports/event-log.ts';
import { createGroupCommitter } from './group-committer.ts';

function setUp(settings = { windowMs: 5, maximumEvents: 10 }) {
  const clock = createFakeClock();
  const faults = createFaults();
  const log = createStoreLog(new Map(), new Map(), faults);
  const calls: AppendBatch[][] = [];
  const recording: EventLog = {
    ...log,
    append(batches) {
      calls.push([...batches]);
      return log.append(batches);
    },
  };
  return { clock, faults, log, calls, committer: createGroupCommitter(recording, clock, settings) };
}

function batchOf(
  sessionId: string,
  expectedHead: number,
  count = 1,
  more: Partial<AppendBatch> & { message?: string } = {},
): AppendBatch {
  const { message = 'x', ...rest } = more;
  const events = Array.from(
    { length: count },
    (_, index): SessionEvent => ({
      seq: expectedHead + 1 + index,
      type: 'log',
      payload: { level: 'info', message },
      context: {
        sessionId,
        conversationId: 'main',
        source: 'engine',
        timestamp: '2026-01-01T00:00:00.000Z',
      },
    }),
  );
  return { sessionId, streamId: `stream-${sessionId}`, epoch: 1, expectedHead, events, ...rest };
}

const command = (commandId: string) => ({
  commandId,
  principal: 'anna',
  lane: 'turns' as const,
  state: 'queued' as const,
  bodyHash: '',
  command: null,
  result: {},
});

// [LAW-02-group-commit]
describe('appends of many sessions', () => {
  it('that come within the window share one commit, each with its own result', async () => {
    const { clock, calls, committer } = setUp();
    const answers = [
      committer.submit(batchOf('a', 0)),
      committer.submit(batchOf('b', 7)),
      committer.submit(batchOf('c', 0)),
    ];
    expect(await clock.wait(Promise.all(answers))).toMatchObject([
      { ok: true, head: 1 },
      { ok: false, code: 'head_mismatch' },
      { ok: true, head: 1 },
    ]);
    expect(calls).toHaveLength(1);
  });

  it('go at once when enough of them wait', async () => {
    const { clock, calls, committer } = setUp({ windowMs: 1_000_000, maximumEvents: 3 });
    const answer = committer.submit(batchOf('a', 0, 3));
    await clock.settle();
    expect(calls).toHaveLength(1);
    await answer;
  });

  it('are not put into one commit without bound', async () => {
    const { clock, calls, committer } = setUp({ windowMs: 5, maximumEvents: 10 });
    const answers = Array.from({ length: 20 }, (_, index) => committer.submit(batchOf(`s${index}`, 0, 5)));
    await clock.wait(Promise.all(answers));
    expect(Math.max(...calls.map((call) => call.length))).toBeLessThanOrEqual(2);
  });
});

describe('appends of one session', () => {
  it('that follow each other are joined, and land in order', async () => {
    const { clock, calls, committer, log } = setUp();
    const answers = [committer.submit(batchOf('a', 0, 2)), committer.submit(batchOf('a', 2, 3))];
    await clock.wait(Promise.all(answers));
    expect(calls).toHaveLength(1);
    expect((await log.stream('a'))?.head).toBe(5);
  });

  it('of a former owner are not joined with those of the next', async () => {
    const { clock, committer } = setUp();
    await clock.wait(committer.submit(batchOf('a', 0, 1, { epoch: 2 })));
    const answers = [
      // Commands alone: what follows has the same head.
      committer.submit(batchOf('a', 1, 0, { epoch: 1, commands: [command('one')] })),
      committer.submit(batchOf('a', 1, 1, { epoch: 2 })),
    ];
    expect(await clock.wait(Promise.all(answers))).toMatchObject([
      { ok: false, code: 'stale_epoch' },
      { ok: true, head: 2 },
    ]);
  });

  it('with a command that is known fail alone', async () => {
    const { clock, committer } = setUp();
    await clock.wait(committer.submit(batchOf('a', 0, 1, { newCommands: [command('one')] })));
    const answers = [
      committer.submit(batchOf('a', 1, 1)),
      committer.submit(batchOf('a', 2, 1, { newCommands: [command('one')] })),
    ];
    expect(await clock.wait(Promise.all(answers))).toMatchObject([
      { ok: true, head: 2 },
      { ok: false, code: 'duplicate_command' },
    ]);
  });

  it('do not share the fault of one that is too large', async () => {
    const { clock, committer } = setUp();
    const answers = [
      committer.submit(batchOf('a', 0)),
      committer.submit(batchOf('a', 1, 1, { message: 'x'.repeat(500_000) })),
    ];
    expect(await clock.wait(Promise.all(answers))).toMatchObject([
      { ok: true, head: 1 },
      { ok: false, code: 'event_too_large' },
    ]);
  });

  it('say each command once, in its latest state', async () => {
    const { clock, calls, committer } = setUp();
    const answers = [
      committer.submit(batchOf('a', 0, 1, { commands: [{ ...command('one'), state: 'started' }] })),
      committer.submit(batchOf('a', 1, 1, { commands: [{ ...command('one'), state: 'ended' }] })),
    ];
    await clock.wait(Promise.all(answers));
    expect(calls[0]?.[0]?.commands).toMatchObject([{ commandId: 'one', state: 'ended' }]);
  });
});

describe('a store that fails', () => {
  it('rejects what was on its way, and the next commit goes on', async () => {
    const { clock, faults, committer } = setUp();
    faults.script('append', 'before');
    await expect(clock.wait(committer.submit(batchOf('a', 0)))).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    expect(await clock.wait(committer.submit(batchOf('a', 0)))).toMatchObject({ ok: true });
  });

  it('that hangs is not waited for for ever', async () => {
    const { clock, faults, committer } = setUp();
    faults.script('append', 'hang');
    const first = committer.submit(batchOf('a', 0));
    first.catch(() => {});
    await clock.advance(10);
    const second = committer.submit(batchOf('b', 0));
    await expect(clock.wait(first)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await clock.wait(second)).toMatchObject({ ok: true });
  });

  it('that gives too few results leaves nobody waiting', async () => {
    const { clock, log } = setUp();
    const committer = createGroupCommitter({ ...log, append: async () => [] }, clock);
    await expect(clock.wait(committer.submit(batchOf('a', 0)))).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  });
});

it('flushing waits for all of it', async () => {
  const { clock, committer, log } = setUp();
  const answer = committer.submit(batchOf('a', 0));
  await clock.wait(committer.flush());
  expect(await answer).toMatchObject({ ok: true });
  expect((await log.stream('a'))?.head).toBe(1);
});

it('whatever comes in whatever order, each session lands in order, whole, and is told the truth', async () => {
  const fault = fc.constantFrom<Fault | null>(null, null, 'before', 'after');
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          session: fc.constantFrom('a', 'b', 'c'),
          count: fc.nat(4),
          isCommand: fc.boolean(),
          pauseMs: fc.constantFrom(0, 0, 3, 20),
        }),
        { maxLength: 25 },
      ),
      fc.array(fault, { maxLength: 8 }),
      async (steps, faultsToCome) => {
        const { clock, faults, committer, log } = setUp();
        faults.script('append', ...faultsToCome);
        const heads = new Map<string, number>();
        const outcomes: Promise<{ batch: AppendBatch; result: AppendResult | AgentServerError }>[] = [];
        for (const [index, { session, count, isCommand, pauseMs }] of steps.entries()) {
          const head = heads.get(session) ?? 0;
          heads.set(session, head + count);
          const newCommands = isCommand ? [command(`command-${index}`)] : [];
          const batch = batchOf(session, head, count, { message: `batch ${index}`, newCommands });
          outcomes.push(
            committer.submit(batch).then(
              (result) => ({ batch, result }),
              (error: unknown) => ({ batch, result: AgentServerError.from(error) }),
            ),
          );
          if (pauseMs > 0) await clock.advance(pauseMs);
        }
        const all = await clock.wait(Promise.all(outcomes));
        faults.clear();
        for (const session of ['a', 'b', 'c']) {
          const page = await log.read(session, { after: 0, limit: 10_000 });
          const stored = page?.kind === 'events' ? page.events : [];
          expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1));
          for (const { batch, result } of all.filter((each) => each.batch.sessionId === session)) {
            const landed = batch.events.every(
              (event) => JSON.stringify(stored[event.seq - 1]) === JSON.stringify(event),
            );
            if ('ok' in result && result.ok) expect(landed).toBe(true);
            if ('ok' in result && !result.ok && batch.events.length > 0) expect(landed).toBe(false);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});
