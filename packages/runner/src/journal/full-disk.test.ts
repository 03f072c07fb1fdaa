import { readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import type * as FilePromises from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { useFolders } from '../../test/support/files.ts';
import { openJournal } from './journal.ts';
import type { JournalEvent } from './line.ts';

/** A disk as large as `capacity`: what does not fit is written in part, and refused as an operating system does. */
const disk = vi.hoisted(() => ({ folder: '', capacity: Number.POSITIVE_INFINITY }));

vi.mock('node:fs/promises', async (importOriginal) => {
  const actual = await importOriginal<typeof FilePromises>();
  const open = async (...given: Parameters<typeof actual.open>) => {
    const handle = await actual.open(...given);
    const { writeFile } = handle;
    handle.writeFile = async (data, ...rest) => {
      const bytes = Buffer.from(data as Buffer);
      const room = Math.max(0, disk.capacity - usedOf(disk.folder));
      if (bytes.length <= room) return writeFile.call(handle, bytes, ...rest);
      await writeFile.call(handle, bytes.subarray(0, room), ...rest);
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    };
    return handle;
  };
  return { ...actual, open };
});

const usedOf = (folder: string): number =>
  folder === ''
    ? 0
    : readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

const makeFolder = useFolders();
const MAXIMUM = 1024 * 1024;

afterEach(() => {
  disk.folder = '';
  disk.capacity = Number.POSITIVE_INFINITY;
  vi.useRealTimers();
});

const event = (number: number, size = 0): JournalEvent => ({
  type: 'log',
  payload: { number, text: 'x'.repeat(size) },
  conversationId: 'main',
  timestamp: '2026-01-01T00:00:00.000Z',
});

async function openOn(folder: string) {
  disk.folder = folder;
  const failures: unknown[] = [];
  const journal = await openJournal({
    folder,
    maximumBytes: MAXIMUM,
    onFull: () => fulls.push(journal.full),
    onFailure: (error) => failures.push(error),
  });
  const fulls: boolean[] = [];
  const { id } = journal.head();
  const numbers = async () => {
    const reader = journal.read({ id, offset: 0 });
    const found: number[] = [];
    while (found.length < journal.head().offset) {
      for (const line of String(await reader.next(10_000))
        .trimEnd()
        .split('\n')) {
        found.push((JSON.parse(line) as { event: { payload: { number: number } } }).event.payload.number);
      }
    }
    reader.close();
    return found;
  };
  return { journal, failures, fulls, numbers };
}

/** Appends until the disk is found to be full. */
async function fill({ journal }: Awaited<ReturnType<typeof openOn>>): Promise<number> {
  for (let number = 1; number < 10_000; number += 1) {
    if (!journal.append(event(number, 2000))) return number - 1;
    await journal.flush();
  }
  throw new Error('the disk took everything');
}

describe('a disk that is full before the journal is', () => {
  // [BOUND-disk-full]
  it('makes the journal full: nothing that was taken is lost, and ends of turns still fit', async () => {
    const folder = makeFolder();
    const opened = await openOn(folder);
    const { journal, failures, fulls, numbers } = opened;
    disk.capacity = usedOf(folder) + 100_000;
    const taken = await fill(opened);
    expect(fulls).toEqual([true]);
    expect(journal.reserveLeft()).toBeGreaterThan(8 * 1024);
    expect(journal.append(event(-1, 5000), { reserve: true })).toBe(true);
    await journal.flush();
    expect(await numbers()).toEqual([...Array.from({ length: taken }, (_, index) => index + 1), -1]);
    expect(failures).toEqual([]);
    await journal.close();

    // The next runner finds all of it, on the disk that is full as ever.
    const next = await openOn(folder);
    expect(next.journal.full).toBe(true);
    expect(next.journal.head()).toEqual(journal.head());
    await next.journal.close();
  });

  it('takes more once it was acknowledged and there is room', async () => {
    const folder = makeFolder();
    const opened = await openOn(folder);
    const { journal } = opened;
    disk.capacity = usedOf(folder) + 400_000;
    await fill(opened);
    await journal.acknowledge(journal.head());
    expect(journal.full).toBe(false);
    expect(journal.append(event(0))).toBe(true);
    await journal.flush();
    await journal.close();
  });

  it('takes more once somebody else made room, without another word of the engine', async () => {
    const folder = makeFolder();
    const other = join(folder, 'of-the-agent');
    writeFileSync(other, 'x'.repeat(300_000));
    const opened = await openOn(folder);
    disk.capacity = usedOf(folder);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const filling = fill(opened);
    await vi.waitUntil(() => opened.journal.full);
    await vi.advanceTimersByTimeAsync(5000);
    await filling;
    expect(opened.journal.full).toBe(true);
    truncateSync(other, 0);
    await vi.advanceTimersByTimeAsync(5000);
    vi.useRealTimers();
    await vi.waitUntil(() => !opened.journal.full);
    await opened.journal.close();
  });

  it('that refuses even then ends the runner, which says so', async () => {
    const folder = makeFolder();
    const opened = await openOn(folder);
    disk.capacity = 0;
    opened.journal.append(event(1));
    await expect(opened.journal.flush()).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(opened.failures).toHaveLength(1);
    await opened.journal.close().catch(() => {});
  });
});
