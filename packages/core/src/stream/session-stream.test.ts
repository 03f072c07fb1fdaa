import { AgentServerError, initialState, type PendingEvent, reduce } from '@hhopkins/agent-protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/doubles/clock.ts';
import { createFaults, type Fault } from '../../test/doubles/faults.ts';
import { createStoreLog, type StoredStream } from '../../test/doubles/store-log.ts';
import { boundStore } from '../store/bounded-store.ts';
import { createGroupCommitter } from './group-committer.ts';
import { createSessionStream } from './session-stream.ts';

function setUp(onCommit: (seqs: number[]) => void = () => {}) {
  const clock = createFakeClock();
  const faults = createFaults();
  const streams = new Map<string, StoredStream>();
  const epochs = new Map<string, number>();
  const log = boundStore(createStoreLog(streams, epochs, faults), clock);
  const published: number[] = [];
  const said: string[] = [];
  const stream = createSessionStream({
    sessionId: 'session',
    info: { streamId: 'stream', head: 0, journal: null },
    epoch: 1,
    state: initialState('session'),
    log,
    committer: createGroupCommitter(log, clock),
    clock,
    onCommit(events) {
      published.push(...events.map(({ seq }) => seq));
      onCommit(events.map(({ seq }) => seq));
    },
    onSettled: () => said.push('settled'),
    onFenced: () => said.push('fenced'),
    onFault: () => said.push('fault'),
  });
  const stored = () => [...(streams.get('session')?.events.values() ?? [])].map((json) => JSON.parse(json));
  return { clock, faults, epochs, log, published, said, stored, stream };
}

const say = (message: string): PendingEvent => ({
  type: 'session:updated',
  payload: { name: message },
  context: {
    sessionId: 'session',
    conversationId: 'main',
    source: 'engine',
    timestamp: '2026-01-01T00:00:00.000Z',
  },
});

const command = {
  commandId: 'command',
  principal: 'anna',
  lane: 'control' as const,
  state: 'queued' as const,
  bodyHash: '',
  command: null,
  result: {},
};

describe('an append', () => {
  it('shows in the latest state at once, and to readers once it is in the log', async () => {
    const { clock, stream } = setUp();
    const appended = stream.append({ events: [say('one')] });
    expect(stream.latest().session.name).toBe('one');
    expect(stream.committed().seq).toBe(0);
    expect(stream.recent(0, 10)).toEqual([]);
    await clock.wait(appended);
    expect(stream.committed()).toMatchObject({ seq: 1, session: { name: 'one' } });
    expect(stream.recent(0, 10)?.map(({ seq }) => seq)).toEqual([1]);
  });

  it('that was refused leaves the state as if it had never been', async () => {
    const { clock, stream } = setUp();
    const tooLarge = stream.append({ events: [say('x'.repeat(500_000))] });
    await expect(clock.wait(tooLarge)).rejects.toMatchObject({ code: 'event_too_large' });
    expect(stream.latest().session.name).toBeUndefined();
    await clock.wait(stream.append({ events: [say('next')] }));
    expect(stream.committed().seq).toBe(1);
  });

  it('takes those with it that were made on top of it', async () => {
    const { clock, faults, stream, published } = setUp();
    faults.script('append', 'before');
    const first = stream.append({ events: [say('one')] });
    // A new command is never joined: it goes with the next commit.
    const second = stream.append({ events: [say('two')], newCommands: [command] });
    const outcomes = await clock.wait(Promise.allSettled([first, second]));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(published).toEqual([]);
    expect(stream.latest().session.name).toBeUndefined();
  });

  it('whose answer was lost is found in the log', async () => {
    const { clock, faults, stream, published, said } = setUp();
    faults.script('append', 'after');
    await clock.wait(stream.append({ events: [say('one')] }));
    expect(published).toEqual([1]);
    expect(said).toEqual(['settled']);
  });

  it('that comes late, after it was given up, is published, and the next one finds its place', async () => {
    const { clock, faults, stream, stored, published } = setUp();
    faults.script('append', 'hang-after');
    await clock.wait(stream.append({ events: [say('one')] }));
    await clock.wait(stream.append({ events: [say('two')] }));
    expect(stored().map(({ payload }) => payload.name)).toEqual(['one', 'two']);
    expect(published).toEqual([1, 2]);
  });

  it('is refused while the log is asked, and answered in bounded time', async () => {
    const { clock, faults, stream } = setUp();
    await clock.wait(stream.append({ events: [say('one')] }));
    faults.down = true;
    await expect(clock.wait(stream.append({ events: [say('two')] }), 60_000)).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    expect(stream.uncertain()).toBe(true);
    await expect(stream.append({ events: [say('three')] })).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    faults.clear();
    await clock.until('It settles', () => !stream.uncertain());
    await clock.wait(stream.append({ events: [say('four')] }));
    expect(stream.committed()).toMatchObject({ seq: 2, session: { name: 'four' } });
  });

  it('remembers the journal of what is on its way, and forgets it when that fails', async () => {
    const { clock, faults, stream } = setUp();
    const journal = { id: 'journal', offset: 7 };
    faults.script('append', 'before');
    const failed = stream.append({ events: [say('one')], journal });
    expect(stream.journal()).toEqual(journal);
    await expect(clock.wait(failed)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(stream.journal()).toBeNull();
    await clock.wait(stream.append({ events: [], journal }));
    expect(stream.journal()).toEqual(journal);
  });

  it('is not undone by a listener that throws', async () => {
    const { clock, stream, said } = setUp(() => {
      throw new Error('broken');
    });
    await clock.wait(stream.append({ events: [say('one')] }));
    await clock.wait(stream.append({ events: [say('two')] }));
    expect(stream.committed().seq).toBe(2);
    expect(said).toEqual(['fault', 'fault']);
  });
});

describe('a stream that another owner took over', () => {
  it('says so once, and refuses everything from then on', async () => {
    const { clock, epochs, stream, said } = setUp();
    epochs.set('session', 2);
    const appends = [stream.append({ events: [say('one')] }), stream.append({ events: [say('two')] })];
    const outcomes = await clock.wait(Promise.allSettled(appends));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(stream.append({ events: [say('three')] })).rejects.toMatchObject({ code: 'stale_epoch' });
    expect(said).toEqual(['fenced']);
  });

  it('leaves nobody waiting for an answer of before', async () => {
    const { clock, epochs, faults, stream } = setUp();
    faults.script('append', 'before');
    const first = stream.append({ events: [say('one')] });
    const second = stream.append({ events: [say('two')], newCommands: [command] });
    epochs.set('session', 2);
    const outcomes = await clock.wait(Promise.allSettled([first, second]), 60_000);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

it('a closed stream refuses appends, and keeps what is committed', async () => {
  const { clock, stream } = setUp();
  await clock.wait(stream.append({ events: [say('one')] }));
  stream.close();
  await expect(stream.append({ events: [say('two')] })).rejects.toMatchObject({ code: 'shutting_down' });
  expect(stream.recent(0, 10)).toHaveLength(1);
});

it('whatever the store does, what is published is what is in the log, in order, and answers are true', async () => {
  const fault = fc.constantFrom<Fault | null>(null, null, null, 'before', 'after', 'hang', 'hang-after');
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          events: fc.nat(3),
          journal: fc.boolean(),
          waitMs: fc.constantFrom(0, 0, 1, 6, 40_000),
          down: fc.constantFrom(false, false, false, false, true),
        }),
        { maxLength: 15 },
      ),
      fc.array(fault, { maxLength: 8 }),
      fc.array(fc.constantFrom<Fault | null>(null, 'before', 'hang'), { maxLength: 4 }),
      async (steps, appendFaults, readFaults) => {
        const { clock, faults, published, stored, stream, log } = setUp();
        faults.script('append', ...appendFaults);
        faults.script('stream', ...readFaults);
        faults.script('read', ...readFaults);
        const answers: Promise<readonly number[] | AgentServerError>[] = [];
        for (const [index, step] of steps.entries()) {
          faults.down = step.down;
          const events = Array.from({ length: step.events }, (_, place) => say(`${index}.${place}`));
          const journal = step.journal ? { journal: { id: 'journal', offset: index + 1 } } : {};
          answers.push(
            stream.append({ events, ...journal }).then(
              (committed) => committed.map(({ seq }) => seq),
              (error: unknown) => AgentServerError.from(error),
            ),
          );
          if (step.waitMs > 0) await clock.advance(step.waitMs);
        }
        faults.clear();
        await clock.until('It settles', () => !stream.uncertain());
        const outcomes = await clock.wait(Promise.all(answers));
        await clock.until('It settles', () => !stream.uncertain());
        // One more, which finds whatever came late.
        const last = await clock.wait(stream.append({ events: [say('last')] }).catch(() => null));
        if (!last) await clock.wait(stream.append({ events: [say('last')] }));

        const events = stored();
        expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
        expect(published).toEqual(events.map(({ seq }) => seq));
        expect(stream.committed().seq).toBe(events.length);
        expect(stream.committed()).toMatchObject(events.reduce(reduce, initialState('session')));
        expect(stream.latest()).toEqual(events.reduce(reduce, initialState('session')));
        expect(stream.journal()).toEqual((await log.stream('session'))?.journal ?? null);
        for (const [index, outcome] of outcomes.entries()) {
          const names = events.map(({ payload }) => payload.name as string);
          const mine = names.filter((name) => name.startsWith(`${index}.`)).length;
          if (Array.isArray(outcome)) expect(mine).toBe(outcome.length);
          expect([0, steps[index]?.events]).toContain(mine);
        }
      },
    ),
    { numRuns: 80 },
  );
});
