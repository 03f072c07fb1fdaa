import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalPosition } from '@hhopkins/agent-protocol';
import { readJsonFile, replaceFile, syncFolder } from '../files/durable.ts';
import { readSegment } from './line.ts';
import { applyEvent, decodeState, emptyState, type encodeState, type OpenState } from './open-state.ts';
import { createJournal, cutSegment, headOf, listJournals, type StoredJournal } from './segments.ts';

/** Journals as they were found, the one to be written last. */
export interface RecoveredJournals {
  journals: StoredJournal[];
  state: OpenState;
  /** Whether the runner before this one ended in good order, or there was none. */
  clean: boolean;
}

const CLEAN_MARK = 'clean.json';
const CHECKPOINT = 'checkpoint.json';

interface Checkpoint {
  journal: JournalPosition;
  state: ReturnType<typeof encodeState>;
}

/**
 * Opens the journals of a folder: cuts torn tails, rebuilds what is open, and goes on with the last journal after a clean
 * stop, else begins a new one behind it, unless the last one was never written to.
 */
export async function recoverJournals(folder: string): Promise<RecoveredJournals> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const journals = await listJournals(folder);
  const checkpoint = (await readJsonFile(join(folder, CHECKPOINT))) as Checkpoint | null;
  const state = checkpoint ? decodeState(checkpoint.state) : emptyState();
  const covered = journals.find((journal) => journal.id === checkpoint?.journal.id);
  for (const journal of journals) {
    await readJournal(journal, (offset, event) => {
      const known =
        covered !== undefined &&
        (journal.ordinal < covered.ordinal ||
          (journal === covered && offset <= (checkpoint?.journal.offset ?? 0)));
      if (!known) applyEvent(state, event);
    });
  }

  const last = journals.at(-1);
  const clean = await takeCleanMark(folder, last);
  // An empty journal has used no offset: it can be begun again.
  const unused = last && headOf(last) === 0;
  if (!last || (!clean && !unused)) {
    journals.push(await createJournal(folder, `journal-${randomUUID()}`, (last?.ordinal ?? 0) + 1));
  }
  return { journals, state, clean: clean || !last };
}

/** Reads every segment. Nothing behind a damaged line is kept: it could not be told in order. */
async function readJournal(journal: StoredJournal, visit: Parameters<typeof readSegment>[3]): Promise<void> {
  const whole: StoredJournal['segments'] = [];
  let damaged = false;
  for (const segment of journal.segments) {
    const previous = whole.at(-1);
    if (damaged || (previous && previous.lastOffset + 1 !== segment.firstOffset)) {
      damaged = true;
      await rm(segment.path, { force: true });
      continue;
    }
    const content = await readFile(segment.path);
    const { bytes, lastOffset } = readSegment(content, journal.id, segment.firstOffset, visit);
    if (bytes < content.length) {
      await cutSegment(segment, bytes);
      damaged = true;
    }
    segment.bytes = bytes;
    segment.lastOffset = lastOffset;
    whole.push(segment);
  }
  journal.segments = whole;
}

/** The mark counts once: whoever opens the journal after it was taken away sees an unclean end until the next mark. */
async function takeCleanMark(folder: string, last: StoredJournal | undefined): Promise<boolean> {
  const mark = (await readJsonFile(join(folder, CLEAN_MARK))) as JournalPosition | null;
  await rm(join(folder, CLEAN_MARK), { force: true });
  await syncFolder(folder);
  return mark !== null && last !== undefined && mark.id === last.id && mark.offset === headOf(last);
}

/** Says that the journal ended in good order at this position. */
export const leaveCleanMark = (folder: string, position: JournalPosition): Promise<void> =>
  replaceFile(join(folder, CLEAN_MARK), JSON.stringify(position));

/** Keeps what is open as of a position, so that the frames up to there may go. */
export const saveCheckpoint = (
  folder: string,
  journal: JournalPosition,
  state: ReturnType<typeof encodeState>,
): Promise<void> =>
  replaceFile(join(folder, CHECKPOINT), JSON.stringify({ journal, state } satisfies Checkpoint));
