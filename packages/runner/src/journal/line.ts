import type { JournalPosition, RunnerFrame } from '@hhopkins/agent-protocol';

type EventFrame = Extract<RunnerFrame, { type: 'event' }>;

/** An event as it stands in the journal and goes over the wire. */
export type JournalEvent = EventFrame['event'];

/** A line on disk is the frame that goes over the wire, so that reading is copying. */
export const encodeJournalLine = (journal: JournalPosition, event: JournalEvent): Buffer =>
  Buffer.from(`${JSON.stringify({ type: 'event', journal, event } satisfies EventFrame)}\n`);

const NEWLINE = 10;

/** What is whole in a segment's bytes. */
export interface SegmentContent {
  /** Length of the whole lines, in bytes; what follows is torn. */
  bytes: number;
  /** Offset of the last whole line; one less than the first when there is none. */
  lastOffset: number;
}

/**
 * Reads a segment up to the first line that is torn, damaged or out of place.
 *
 * @param visit is called with each whole frame, in order
 */
export function readSegment(
  content: Buffer,
  journalId: string,
  firstOffset: number,
  visit?: (offset: number, event: JournalEvent) => void,
): SegmentContent {
  let bytes = 0;
  let lastOffset = firstOffset - 1;
  for (let end = content.indexOf(NEWLINE); end >= 0; end = content.indexOf(NEWLINE, bytes)) {
    const frame = decodeJournalLine(content.subarray(bytes, end));
    if (!frame || frame.journal.id !== journalId || frame.journal.offset !== lastOffset + 1) break;
    lastOffset = frame.journal.offset;
    bytes = end + 1;
    visit?.(lastOffset, frame.event);
  }
  return { bytes, lastOffset };
}

/** The frame of a line, or undefined when it is none. Only the outer form is looked at: the runner wrote it. */
function decodeJournalLine(line: Uint8Array): EventFrame | undefined {
  try {
    const frame = JSON.parse(Buffer.from(line).toString('utf8')) as Partial<EventFrame> | null;
    if (frame?.type !== 'event' || typeof frame.event?.type !== 'string') return undefined;
    if (typeof frame.journal?.id !== 'string' || !Number.isSafeInteger(frame.journal.offset))
      return undefined;
    return frame as EventFrame;
  } catch {
    return undefined;
  }
}
