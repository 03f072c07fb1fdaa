import { type FileHandle, open } from 'node:fs/promises';
import { withRoom } from '../files/ballast.ts';
import { createSegment, lastSegment, type StoredJournal } from './segments.ts';

/** Writes lines to the last segment of a journal and makes them durable in groups. */
export interface SegmentWriter {
  /** Takes a line; it is durable when `flush` resolves. */
  write(line: Buffer): void;
  /** Resolves when all lines taken so far are durable; rejects when they cannot be. */
  flush(): Promise<void>;
  /** Begins a new segment behind what has been taken so far. */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

/** A group waits this long for company, so that a stream of events costs few syncs. Milliseconds. */
const GROUP_MS = 4;

/**
 * @param segmentBytes a segment that has grown beyond this is followed by a new one
 * @param onDurable is called after each group
 * @param makeRoom is asked when the disk is full; what did not fit is written again when it could make some
 * @param onFailure is called once when the disk refuses; nothing is written after that
 */
export function createSegmentWriter(
  journal: StoredJournal,
  segmentBytes: number,
  onDurable: () => void,
  makeRoom: () => Promise<boolean>,
  onFailure: (error: unknown) => void,
): SegmentWriter {
  let pending: Buffer[] = [];
  let handle: FileHandle | undefined;
  /** Everything that touches the file, one after the other. */
  let tail: Promise<void> = Promise.resolve();
  let scheduled = false;
  let lastSyncAt = 0;
  let failure: { error: unknown } | undefined;

  const serially = (work: () => Promise<void>): Promise<void> => {
    tail = tail.then(async () => {
      if (failure) return;
      try {
        await work();
      } catch (error) {
        failure = { error };
        onFailure(error);
      }
    });
    return tail.then(() => {
      if (failure) throw failure.error;
    });
  };

  const startSegment = async () => {
    await handle?.close();
    handle = undefined;
    const previous = lastSegment(journal);
    if (previous.lastOffset >= previous.firstOffset) {
      const first = previous.lastOffset + 1;
      journal.segments.push(await withRoom(makeRoom, () => createSegment(journal.folder, first)));
    }
  };

  const writeGroup = async () => {
    scheduled = false;
    const group = pending;
    pending = [];
    if (group.length === 0) return;
    const segment = lastSegment(journal);
    const bytes = Buffer.concat(group);
    let tries = 0;
    await withRoom(makeRoom, async () => {
      handle ??= await open(segment.path, 'a', 0o600);
      // A disk that filled up may have taken a part.
      if (tries++ > 0) await handle.truncate(segment.bytes);
      await handle.writeFile(bytes);
      await handle.datasync();
    });
    lastSyncAt = performance.now();
    segment.bytes += bytes.length;
    segment.lastOffset += group.length;
    if (segment.bytes >= segmentBytes) await startSegment();
    onDurable();
  };

  return {
    write(line) {
      pending.push(line);
      if (scheduled) return;
      scheduled = true;
      const wait = Math.max(0, lastSyncAt + GROUP_MS - performance.now());
      setTimeout(() => void serially(writeGroup).catch(() => {}), wait);
    },
    flush: () => serially(writeGroup),
    async rotate() {
      await serially(async () => {
        await writeGroup();
        await startSegment();
      });
    },
    async close() {
      await serially(writeGroup).catch(() => {});
      await handle?.close();
      handle = undefined;
    },
  };
}
