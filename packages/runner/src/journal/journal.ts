import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentServerError, type JournalPosition } from '@hhopkins/agent-protocol';
import { createBallast, withRoom } from '../files/ballast.ts';
import { encodeJournalLine, type JournalEvent } from './line.ts';
import { applyEvent, encodeState, type OpenState } from './open-state.ts';
import { type JournalReader, type JournalSource, readJournals } from './reader.ts';
import { leaveCleanMark, recoverJournals, saveCheckpoint } from './recover.ts';
import { bytesOf, headOf, lastSegment, type StoredJournal, trimmedTo } from './segments.ts';
import { createSegmentWriter } from './writer.ts';

/** The runner's log of events: durable, bounded, trimmed by what the engine has committed. */
export interface Journal {
  /** Journals that are held, oldest first; the last is being written. Heads are what is durable. */
  journals(): { id: string; trimmedTo: number; head: number }[];
  /** What is durable of the journal being written. */
  head(): JournalPosition;
  /** Whether the runner before ended in good order. */
  readonly clean: boolean;
  /** What the events so far leave open. Not to be changed. */
  readonly state: OpenState;
  /** False when the journal is full: nothing was written. What is written from the reserve always is. */
  append(event: JournalEvent, options?: { reserve: boolean }): boolean;
  /** No more fits but from the reserve, until enough of it is acknowledged, or the disk has room again. */
  readonly full: boolean;
  /** What may still be written from the reserve, in bytes. */
  reserveLeft(): number;
  /** Resolves when all that was appended is durable. */
  flush(): Promise<void>;
  /** Everything up to here is committed elsewhere and may be dropped. An unknown journal is ignored. */
  acknowledge(position: JournalPosition): Promise<void>;
  /** @throws AgentServerError `journal_unknown` or `invalid_request` */
  read(position: JournalPosition): JournalReader;
  /** Flushes and leaves a mark by which the next runner goes on with the same journal. */
  close(): Promise<void>;
}

export interface JournalOptions {
  folder: string;
  /** Bound of all journals together, in bytes. A sixteenth more is held for when the disk itself is full. */
  maximumBytes: number;
  /** The disk is full: what is appended from now on is refused, but from the reserve. */
  onFull?: (() => void) | undefined;
  /** The disk refuses; the runner cannot go on. */
  onFailure: (error: unknown) => void;
}

const BALLAST = 'ballast';

/** A tenth to a sixteenth of the bound, so that trimming gives back space in good time. */
const segmentBytesOf = (maximumBytes: number) => Math.min(4 * 1024 * 1024, Math.ceil(maximumBytes / 16));

/** How often a disk that was full is tried again, in milliseconds. */
const SPACE_RETRY_MS = 2000;

/** Opens the journals of a folder, see `recoverJournals`. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { folder, maximumBytes } = options;
  const reserve = Math.ceil(maximumBytes / 16);
  const ballast = createBallast(join(folder, BALLAST), reserve);
  const { journals, state, clean } = await withRoom(ballast.release, () => recoverJournals(folder));
  const current = journals.at(-1) as StoredJournal;
  const segmentBytes = segmentBytesOf(maximumBytes);

  let waiting = new Set<() => void>();
  const source = {
    journals,
    version: 0,
    onProgress(callback: () => void) {
      waiting.add(callback);
      return () => waiting.delete(callback);
    },
  } satisfies JournalSource;
  const progress = () => {
    source.version += 1;
    const callbacks = waiting;
    waiting = new Set();
    for (const callback of callbacks) callback();
  };

  /** While the disk is full: what was given up for it, and what of that is left. */
  let short: { left: number } | undefined = (await ballast.lay()) ? undefined : { left: 0 };
  let retry: NodeJS.Timeout | undefined;
  let closed = false;
  const tryAgainLater = () => {
    if (closed) return;
    clearTimeout(retry);
    retry = setTimeout(() => void findSpace().catch(() => {}), SPACE_RETRY_MS).unref();
  };
  /** The disk counts as full until it has the room again that was given up. */
  const findSpace = async () => {
    if (!short) return;
    if (!(await ballast.lay())) return tryAgainLater();
    short = undefined;
    if (used <= maximumBytes / 2) full = false;
  };
  const makeRoom = async () => {
    const released = await ballast.release();
    if (released) short = { left: reserve / 2 };
    full = true;
    tryAgainLater();
    options.onFull?.();
    return released;
  };

  const writer = createSegmentWriter(current, segmentBytes, progress, makeRoom, options.onFailure);
  let appended = headOf(current);
  /** Bytes on disk and on their way to it. */
  let used = journals.reduce((sum, journal) => sum + bytesOf(journal), 0);
  let full = short !== undefined || used > maximumBytes - reserve;
  if (short) tryAgainLater();
  let trimming: Promise<void> = Promise.resolve();

  const trim = async (position: JournalPosition): Promise<void> => {
    const target = journals.find((journal) => journal.id === position.id);
    if (!target) return;
    if (position.offset > headOf(target)) {
      throw new AgentServerError(
        'invalid_request',
        `ack of ${position.offset} is beyond the head ${headOf(target)} of journal ${position.id}`,
      );
    }
    const last = lastSegment(target);
    // A segment that is written on cannot be removed; when it is worth it, a new one follows it.
    if (target === current && last.lastOffset <= position.offset && last.bytes >= segmentBytes / 4) {
      await writer.rotate();
    }
    const older = journals.slice(0, journals.indexOf(target));
    const removable = target.segments.filter(
      (segment, index) => segment.lastOffset <= position.offset && index < target.segments.length - 1,
    );
    // An older journal keeps its last segment's name, since that tells its head.
    if (older.length === 0 && removable.length === 0) return findSpace();

    const encoded = encodeState(state);
    const at = { id: current.id, offset: appended };
    await writer.flush();
    await withRoom(makeRoom, () => saveCheckpoint(folder, at, encoded));
    for (const journal of older) {
      used -= bytesOf(journal);
      journals.splice(journals.indexOf(journal), 1);
      await rm(journal.folder, { recursive: true, force: true });
    }
    target.segments = target.segments.filter((segment) => !removable.includes(segment));
    for (const segment of removable) {
      used -= segment.bytes;
      await rm(segment.path, { force: true });
    }
    await findSpace();
    if (!short && used <= maximumBytes / 2) full = false;
    progress();
  };

  return {
    clean,
    state,
    get full() {
      return full;
    },
    journals: () =>
      journals.map((journal) => ({ id: journal.id, trimmedTo: trimmedTo(journal), head: headOf(journal) })),
    head: () => ({ id: current.id, offset: headOf(current) }),
    reserveLeft: () => Math.max(0, Math.min(maximumBytes - used, short?.left ?? maximumBytes)),
    append(event, { reserve: fromReserve } = { reserve: false }) {
      const line = encodeJournalLine({ id: current.id, offset: appended + 1 }, event);
      if (!fromReserve) {
        full ||= used + line.length > maximumBytes - reserve;
        if (full) return false;
      }
      appended += 1;
      used += line.length;
      if (short) short.left -= line.length;
      applyEvent(state, event);
      writer.write(line);
      return true;
    },
    flush: () => writer.flush(),
    acknowledge(position) {
      const done = trimming.then(() => trim(position));
      trimming = done.catch(() => {});
      return done;
    },
    read: (position) => readJournals(source, position),
    async close() {
      closed = true;
      clearTimeout(retry);
      await trimming;
      await writer.close();
      await leaveCleanMark(folder, { id: current.id, offset: headOf(current) });
    },
  };
}
