import { AgentServerError, type JournalPosition, type RunnerFrame } from '@hhopkins/agent-protocol';
import type { AcceptedEvent } from './accept-event.ts';

type Journals = Extract<RunnerFrame, { type: 'hello' }>['journals'];

/** Where a frame stands in relation to the last one that was read. */
export function placeOf(
  journals: Journals,
  last: JournalPosition | null,
  next: JournalPosition,
): 'next' | 'known' | 'gap' {
  if (last && next.id === last.id) {
    if (next.offset <= last.offset) return 'known';
    return next.offset === last.offset + 1 ? 'next' : 'gap';
  }
  const at = journals.findIndex(({ id }) => id === next.id);
  const was = journals.findIndex(({ id }) => id === last?.id);
  const journal = journals[at];
  if (!journal) return 'gap';
  if (at < was) return 'known';
  const left = journals[was];
  const unread =
    (left !== undefined && last !== null && last.offset < left.head) ||
    journals.slice(was + 1, at).some(({ head, trimmedTo }) => head > trimmedTo);
  return !unread && next.offset === journal.trimmedTo + 1 ? 'next' : 'gap';
}

/**
 * Those of a runner's events that were not read before, so that each enters the log once.
 * @throws protocol_error when one is missing
 */
export function unread(
  journals: Journals,
  last: JournalPosition | null,
  arrived: readonly AcceptedEvent[],
): AcceptedEvent[] {
  let position = last;
  return arrived.filter(({ journal }) => {
    const place = placeOf(journals, position, journal);
    if (place === 'known') return false;
    if (place === 'gap') {
      const expected = position ? `${position.id} at ${position.offset}` : 'the beginning';
      throw new AgentServerError(
        'protocol_error',
        `The runner sent frame ${journal.offset} of journal ${journal.id}, which does not follow ${expected}`,
      );
    }
    position = journal;
    return true;
  });
}
