import { appendFileSync, cpSync, globSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalPosition } from '@hhopkins/agent-protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { useFolders } from '../../test/support/files.ts';
import { type Journal, openJournal } from './journal.ts';
import { encodeJournalLine, type JournalEvent } from './line.ts';

const makeFolder = useFolders();
const MAXIMUM = 64 * 1024;

const open = (folder: string, maximumBytes = MAXIMUM) =>
  openJournal({
    folder,
    maximumBytes,
    onFailure(error) {
      throw error;
    },
  });

const event = (payload: unknown, type = 'log'): JournalEvent => ({
  type,
  payload,
  conversationId: 'main',
  timestamp: '2026-01-01T00:00:00.000Z',
});

interface Frame {
  journal: JournalPosition;
  event: { payload: { number: number } };
}

/** Everything after a position that is durable now. */
async function readAll(journal: Journal, position: JournalPosition): Promise<Frame[]> {
  const journals = journal.journals();
  const from = journals.findIndex((each) => each.id === position.id);
  let expected = 0;
  for (const [index, each] of journals.entries()) {
    if (index === from) expected += each.head - position.offset;
    if (index > from) expected += each.head;
  }
  const reader = journal.read(position);
  const frames: Frame[] = [];
  while (frames.length < expected) {
    const lines = await reader.next(1_000);
    for (const line of String(lines).trimEnd().split('\n')) frames.push(JSON.parse(line) as Frame);
  }
  reader.close();
  return frames;
}

type Step =
  | { do: 'append'; sizes: number[] }
  | { do: 'flush' }
  | { do: 'read' }
  | { do: 'ack' }
  | { do: 'restart' }
  | { do: 'crash'; kept: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      sizes: fc.array(fc.nat(2_000), { maxLength: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'flush' as const }) },
  { weight: 3, arbitrary: fc.constant({ do: 'read' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'ack' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      kept: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
);

describe('a journal', () => {
  // [LAW-06-fsync-first]
  it('gives a reader everything durable once and in order, through trims, restarts and crashes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 40 }), async (steps) => {
        let folder = makeFolder();
        let journal = await open(folder);
        let written = 0;
        let durable = 0;
        let committed: JournalPosition = { id: journal.head().id, offset: 0 };
        const seen: number[] = [];
        const flushed = async () => {
          await journal.flush();
          durable = written;
        };
        const read = async () => {
          for (const frame of await readAll(journal, committed)) {
            const follows =
              frame.journal.id === committed.id ? frame.journal.offset === committed.offset + 1 : true;
            expect(follows).toBe(true);
            committed = frame.journal;
            seen.push(frame.event.payload.number);
          }
        };
        const must: number[] = [];

        for (const step of steps) {
          switch (step.do) {
            case 'append':
              for (const size of step.sizes) {
                if (!journal.append(event({ number: written + 1, text: 'x'.repeat(size) }))) {
                  expect(journal.full).toBe(true);
                  break;
                }
                written += 1;
                must.push(written);
              }
              break;
            case 'flush':
              await flushed();
              break;
            case 'read':
              await flushed();
              await read();
              break;
            case 'ack':
              await journal.acknowledge(committed);
              break;
            case 'restart':
              durable = written;
              await journal.close();
              journal = await open(folder);
              expect(journal.clean).toBe(true);
              break;
            case 'crash': {
              const { id, offset } = journal.head();
              const copy = makeFolder();
              cpSync(folder, copy, { recursive: true });
              await journal.close();
              tear(copy, step.kept, { id, offset });
              folder = copy;
              journal = await open(folder);
              expect(journal.clean).toBe(false);
              await read();
              // What was not durable may be lost; what follows goes on behind it.
              const lost = must.filter((number) => number > durable && !seen.includes(number));
              for (const number of lost) must.splice(must.indexOf(number), 1);
              break;
            }
          }
        }
        await flushed();
        await read();
        await journal.close();
        expect(seen).toEqual(must);
      }),
      { numRuns: 60 },
    );
  });
});

/** Leaves of what was not durable yet a part, as a crash may: whole lines, and one that is torn. */
function tear(folder: string, kept: number, durable: JournalPosition): void {
  const last = globSync(`*_${durable.id}/*.jsonl`, { cwd: folder }).sort().at(-1);
  if (!last) return;
  const path = join(folder, last);
  const content = readFileSync(path);
  const first = Number(/(\d{16})\.jsonl$/.exec(last)?.[1]);
  let durableBytes = 0;
  for (let offset = first; offset <= durable.offset; offset += 1) {
    durableBytes = content.indexOf(10, durableBytes) + 1;
  }
  truncateSync(path, durableBytes + Math.floor((content.length - durableBytes) * kept));
  const torn = encodeJournalLine({ id: durable.id, offset: durable.offset + 1 }, event({ number: -1 }));
  appendFileSync(path, torn.subarray(0, Math.floor(kept * (torn.length - 1))));
}

describe('a journal on disk', () => {
  // [LAW-06-new-journal-id]
  it('goes on with its id after a clean end, and begins another after any other', async () => {
    const folder = makeFolder();
    const first = await open(folder);
    first.append(event({ number: 1 }));
    await first.close();
    const second = await open(folder);
    expect(second.head()).toEqual({ id: first.head().id, offset: 1 });
    second.append(event({ number: 2 }));
    await second.flush();
    const third = await open(folder);
    expect(third.head().id).not.toBe(first.head().id);
    expect(third.journals().map(({ head }) => head)).toEqual([2, 0]);
    const frames = await readAll(third, { id: first.head().id, offset: 1 });
    expect(frames.map((frame) => frame.event.payload.number)).toEqual([2]);
    await third.close();
    await second.close();
  });

  it('does not believe a clean mark that is older than its last frame', async () => {
    const folder = makeFolder();
    const first = await open(folder);
    first.append(event({ number: 1 }));
    await first.close();
    const segment = globSync('*_*/*.jsonl', { cwd: folder })[0] ?? '';
    const { id } = first.head();
    const late = JSON.stringify({ type: 'event', journal: { id, offset: 2 }, event: event({ number: 2 }) });
    appendFileSync(join(folder, segment), `${late}\n`);
    const second = await open(folder);
    expect(second.clean).toBe(false);
    expect(second.head().id).not.toBe(id);
    await second.close();
  });

  it('gives back space for what was acknowledged, and forgets journals before it', async () => {
    const folder = makeFolder();
    const first = await open(folder);
    for (let number = 1; number <= 40; number += 1) first.append(event({ number, text: 'x'.repeat(1_000) }));
    await first.flush();
    const used = () =>
      globSync('*_*/*.jsonl', { cwd: folder }).reduce(
        (sum, path) => sum + statSync(join(folder, path)).size,
        0,
      );
    const before = used();
    await first.acknowledge(first.head());
    expect(used()).toBeLessThan(before / 4);
    expect(first.journals()[0]?.trimmedTo).toBeGreaterThan(30);
    expect(() => first.read({ id: first.head().id, offset: 0 })).toThrow(/trimmed/);

    const second = await open(folder);
    expect(second.journals()).toHaveLength(2);
    await second.acknowledge(second.head());
    expect(second.journals()).toHaveLength(1);
    expect(() => second.read(first.head())).toThrow(/not held/);
    await second.close();
    await first.close();
  });

  // [LAW-06-beyond-head-error]
  it('refuses positions beyond the head, and acks of what it never wrote', async () => {
    const journal = await open(makeFolder());
    const { id } = journal.head();
    expect(() => journal.read({ id, offset: 1 })).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
    expect(() => journal.read({ id: 'other', offset: 0 })).toThrow(
      expect.objectContaining({ code: 'journal_unknown' }),
    );
    await expect(journal.acknowledge({ id, offset: 5 })).rejects.toMatchObject({ code: 'invalid_request' });
    await journal.close();
  });

  // [BOUND-journal-full]
  it('is full before its bound, still takes ends of turns, and goes on when it was read', async () => {
    const journal = await open(makeFolder());
    let number = 0;
    while (journal.append(event({ number: ++number, text: 'x'.repeat(500) })))
      expect(number).toBeLessThan(1_000);
    expect(journal.full).toBe(true);
    expect(journal.reserveLeft()).toBeGreaterThan(MAXIMUM / 20);
    expect(journal.append(event({ number: -1 }), { reserve: true })).toBe(true);
    await journal.flush();
    const frames = await readAll(journal, { id: journal.head().id, offset: 0 });
    expect(frames.at(-1)?.event.payload.number).toBe(-1);
    await journal.acknowledge(journal.head());
    expect(journal.full).toBe(false);
    expect(journal.append(event({ number }))).toBe(true);
    await journal.close();
  });

  it('wakes a reader that waits, and lets it go when it is closed', async () => {
    const journal = await open(makeFolder());
    const reader = journal.read(journal.head());
    const waiting = reader.next(1_000);
    journal.append(event({ number: 1 }));
    expect(String(await waiting)).toContain('"number":1');
    const forever = reader.next(1_000);
    reader.close();
    expect(await forever).toBeNull();
    await journal.close();
  });

  it('tells a reader whose frames were trimmed, instead of leaving a gap', async () => {
    const journal = await open(makeFolder());
    const slow = journal.read({ id: journal.head().id, offset: 0 });
    for (let number = 1; number <= 40; number += 1)
      journal.append(event({ number, text: 'x'.repeat(1_000) }));
    await journal.flush();
    await journal.acknowledge(journal.head());
    await expect(slow.next(1_000)).rejects.toMatchObject({ code: 'journal_unknown' });
    await journal.close();
  });
});

describe('what a journal leaves open', () => {
  const block = (id: string, status: string, content: string) =>
    event({ block: { id, type: 'assistant_text', status, content, timestamp: 'now' } }, 'block:upsert');

  it('is known to the next runner, also of frames that were trimmed', async () => {
    const folder = makeFolder();
    const first = await open(folder);
    first.append(event({ turnId: 't', messageId: 'm' }, 'turn:started'));
    first.append(event({ path: 'a', hash: 'h', size: 1, mode: 420 }, 'file:created'));
    first.append(event({ path: 'b', hash: 'h', size: 1, mode: 420 }, 'file:created'));
    first.append(block('done', 'pending', ''));
    first.append(block('open', 'pending', 'so '));
    first.append(event({ blockId: 'open', delta: 'far' }, 'block:delta'));
    for (let number = 1; number <= 40; number += 1) first.append(event({ text: 'x'.repeat(1_000) }));
    await first.flush();
    await first.acknowledge(first.head());
    expect(first.journals()[0]?.trimmedTo).toBeGreaterThan(6);
    first.append(block('done', 'complete', 'all'));
    first.append(event({ path: 'b' }, 'file:deleted'));
    first.append(event({ blockId: 'open', delta: ' and on' }, 'block:delta'));
    await first.flush();

    const { state } = await open(folder);
    expect(state.turn).toEqual({ turnId: 't', messageId: 'm' });
    expect([...state.blocks.values()]).toMatchObject([{ block: { id: 'open', content: 'so far and on' } }]);
    expect([...state.files.keys()]).toEqual(['a']);
    await first.close();
  });
});
