import { mkdir, open, readdir, rename, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../files/durable.ts';

/** A file of whole lines: the frames from `firstOffset` to `lastOffset`. */
export interface Segment {
  readonly path: string;
  readonly firstOffset: number;
  /** One less than `firstOffset` while it is empty. */
  lastOffset: number;
  /** What is durable of it. */
  bytes: number;
}

/** A journal on disk: a folder of segments without gaps, never without a segment. */
export interface StoredJournal {
  readonly id: string;
  /** Counts the journals of a state folder up, so that their order is known. */
  readonly ordinal: number;
  readonly folder: string;
  segments: Segment[];
}

export const headOf = (journal: StoredJournal): number => lastSegment(journal).lastOffset;
export const trimmedTo = (journal: StoredJournal): number => (journal.segments[0]?.firstOffset ?? 1) - 1;
export const bytesOf = (journal: StoredJournal): number =>
  journal.segments.reduce((sum, segment) => sum + segment.bytes, 0);

export function lastSegment(journal: StoredJournal): Segment {
  const segment = journal.segments.at(-1);
  if (!segment) throw new Error(`journal ${journal.id} has no segment`);
  return segment;
}

const segmentName = (firstOffset: number) => `${String(firstOffset).padStart(16, '0')}.jsonl`;

/** Makes an empty segment, durable by name. */
export async function createSegment(folder: string, firstOffset: number): Promise<Segment> {
  const path = join(folder, segmentName(firstOffset));
  const file = await open(path, 'w', 0o600);
  await file.close();
  await syncFolder(folder);
  return { path, firstOffset, lastOffset: firstOffset - 1, bytes: 0 };
}

/** Makes a journal. It appears whole or not at all. */
export async function createJournal(parent: string, id: string, ordinal: number): Promise<StoredJournal> {
  const folder = join(parent, `${String(ordinal).padStart(8, '0')}_${id}`);
  const unfinished = join(parent, `unfinished_${id}`);
  await mkdir(unfinished, { mode: 0o700 });
  await createSegment(unfinished, 1);
  await rename(unfinished, folder);
  await syncFolder(parent);
  const path = join(folder, segmentName(1));
  return { id, ordinal, folder, segments: [{ path, firstOffset: 1, lastOffset: 0, bytes: 0 }] };
}

/** The journals of a folder by their names, oldest first; their content is not read. What was left unfinished is removed. */
export async function listJournals(parent: string): Promise<StoredJournal[]> {
  const journals: StoredJournal[] = [];
  for (const name of (await readdir(parent)).sort()) {
    if (name.startsWith('unfinished_')) await rm(join(parent, name), { recursive: true, force: true });
    const match = /^(\d{8})_(.+)$/.exec(name);
    if (!match?.[1] || !match[2]) continue;
    const folder = join(parent, name);
    const offsets = (await readdir(folder))
      .map((file) => /^(\d{16})\.jsonl$/.exec(file)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .sort((left, right) => left - right);
    const segments = offsets.map((firstOffset) => ({
      path: join(folder, segmentName(firstOffset)),
      firstOffset,
      lastOffset: firstOffset - 1,
      bytes: 0,
    }));
    if (segments.length > 0) journals.push({ id: match[2], ordinal: Number(match[1]), folder, segments });
    else await rm(folder, { recursive: true, force: true });
  }
  return journals;
}

/** Cuts what is torn off a segment's end. */
export async function cutSegment(segment: Segment, bytes: number): Promise<void> {
  await truncate(segment.path, bytes);
  const file = await open(segment.path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
