import { type FileHandle, open } from 'node:fs/promises';
import { AgentServerError, type JournalPosition } from '@hhopkins/agent-protocol';
import { headOf, type Segment, type StoredJournal, trimmedTo } from './segments.ts';

/** Gives the lines of the journals from a position on, as they become durable. */
export interface JournalReader {
  /** Whole lines, about `maximumBytes` of them, one at least; waits for one. Null when the reader was closed. */
  next(maximumBytes: number): Promise<Buffer | null>;
  close(): void;
}

/** What a reader sees of the journals. */
export interface JournalSource {
  /** Oldest first. */
  readonly journals: readonly StoredJournal[];
  /** Rises whenever more is durable, or something was trimmed. */
  readonly version: number;
  /** Calls back once when `version` rises; the returned function cancels. */
  onProgress(callback: () => void): () => void;
}

const NEWLINE = 10;

/**
 * A reader of everything after `position`.
 *
 * @throws AgentServerError `journal_unknown` for a journal that is not held, or a position that was trimmed;
 * `invalid_request` for one beyond the head
 */
export function readJournals(source: JournalSource, position: JournalPosition): JournalReader {
  let journal = findJournal(source, position);
  let segment: Segment | undefined;
  let handle: FileHandle | undefined;
  let at = 0;
  /** Offset of the last frame given. */
  let given = position.offset;
  let closed = false;
  let wake: (() => void) | undefined;

  const leaveSegment = async () => {
    const previous = handle;
    handle = undefined;
    segment = undefined;
    await previous?.close();
  };

  /** Opens the segment with the frame after `given`, or goes on to the next journal; false when there is nothing yet. */
  const advance = async (): Promise<boolean> => {
    assertHeld(source, journal, given);
    const next = journal.segments.find((each) => each.firstOffset <= given + 1 && each.lastOffset > given);
    if (next) {
      handle = await open(next.path, 'r');
      segment = next;
      at = await positionOf(handle, next.bytes, given + 1 - next.firstOffset);
      return true;
    }
    const following = source.journals[source.journals.indexOf(journal) + 1];
    if (!following) return false;
    journal = following;
    given = 0;
    return true;
  };

  const waitBeyond = (version: number) =>
    new Promise<void>((resolve) => {
      if (source.version !== version || closed) return resolve();
      const finish = () => {
        wake = undefined;
        resolve();
      };
      const cancel = source.onProgress(finish);
      wake = () => {
        cancel();
        finish();
      };
    });

  return {
    async next(maximumBytes) {
      try {
        while (!closed) {
          const { version } = source;
          if (!segment || !handle) {
            if (!(await advance())) await waitBeyond(version);
          } else if (given < segment.lastOffset) {
            const lines = await readLines(handle, at, segment.bytes, maximumBytes);
            at += lines.length;
            given += countLines(lines);
            return lines;
          } else if (journal.segments.at(-1) === segment && source.journals.at(-1) === journal) {
            await waitBeyond(version);
          } else {
            await leaveSegment();
          }
        }
        return null;
      } finally {
        if (closed) await leaveSegment();
      }
    },
    close() {
      closed = true;
      if (wake) wake();
      else void leaveSegment();
    },
  };
}

function findJournal(source: JournalSource, position: JournalPosition): StoredJournal {
  const journal = source.journals.find((each) => each.id === position.id);
  if (!journal) {
    throw new AgentServerError('journal_unknown', `journal ${position.id} is not held by this runner`);
  }
  if (position.offset > headOf(journal)) {
    throw new AgentServerError(
      'invalid_request',
      `journal ${position.id} ends at ${headOf(journal)}; ${position.offset} is beyond it`,
    );
  }
  assertHeld(source, journal, position.offset);
  return journal;
}

function assertHeld(source: JournalSource, journal: StoredJournal, offset: number): void {
  if (source.journals.includes(journal) && offset >= trimmedTo(journal)) return;
  throw new AgentServerError(
    'journal_unknown',
    `journal ${journal.id} is trimmed to ${trimmedTo(journal)}; ${offset} and what follows it is gone`,
  );
}

/** Byte position after `lines` lines. */
async function positionOf(handle: FileHandle, bytes: number, lines: number): Promise<number> {
  const chunk = Buffer.allocUnsafe(256 * 1024);
  let left = lines;
  for (let start = 0; left > 0 && start < bytes; start += chunk.length) {
    const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, bytes - start), start);
    const read = chunk.subarray(0, bytesRead);
    for (let end = read.indexOf(NEWLINE); end >= 0; end = read.indexOf(NEWLINE, end + 1)) {
      left -= 1;
      if (left === 0) return start + end + 1;
    }
  }
  return 0;
}

async function readLines(
  handle: FileHandle,
  from: number,
  to: number,
  maximumBytes: number,
): Promise<Buffer> {
  for (let size = maximumBytes; ; size *= 2) {
    const wanted = Math.min(size, to - from);
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, from);
    const end = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (end >= 0) return buffer.subarray(0, end + 1);
    if (bytesRead < wanted || wanted === to - from) {
      throw new AgentServerError('internal', 'the journal on disk is shorter than what was written to it');
    }
  }
}

function countLines(lines: Buffer): number {
  let count = 0;
  for (let end = lines.indexOf(NEWLINE); end >= 0; end = lines.indexOf(NEWLINE, end + 1)) count += 1;
  return count;
}
