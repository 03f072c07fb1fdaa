import type { JournalPosition, RunnerFrame } from '@hhopkins/agent-protocol';

type EventFrame = Extract<RunnerFrame, { type: 'event' }>;

interface Journal {
  id: string;
  trimmedTo: number;
  frames: EventFrame[];
}

/** The journals of a fake runner: what its sandbox's disk holds. */
export interface RunnerJournal {
  /** An unclean start begins a new one. */
  begin(): void;
  append(event: EventFrame['event']): void;
  acknowledge(position: JournalPosition): void;
  head(): JournalPosition;
  listing(): { id: string; trimmedTo: number; head: number }[];
  /** The frame that follows, or null at the end. Undefined when the position is not held. */
  next(position: JournalPosition): EventFrame | null | undefined;
}

const headOf = ({ trimmedTo, frames }: Journal): number => trimmedTo + frames.length;

export function createRunnerJournal(name: string): RunnerJournal {
  const journals: Journal[] = [];
  let begun = 0;
  const current = (): Journal => {
    const journal = journals.at(-1);
    if (!journal) throw new Error('the runner never began');
    return journal;
  };

  return {
    begin() {
      begun += 1;
      journals.push({ id: `${name}-journal-${begun}`, trimmedTo: 0, frames: [] });
    },
    append(event) {
      const journal = current();
      const position = { id: journal.id, offset: headOf(journal) + 1 };
      journal.frames.push(structuredClone({ type: 'event', journal: position, event }));
    },
    acknowledge({ id, offset }) {
      const index = journals.findIndex((journal) => journal.id === id);
      const journal = journals[index];
      if (!journal) return;
      journals.splice(0, index);
      const trimmed = Math.max(0, Math.min(offset, headOf(journal)) - journal.trimmedTo);
      journal.frames.splice(0, trimmed);
      journal.trimmedTo += trimmed;
    },
    head: () => ({ id: current().id, offset: headOf(current()) }),
    listing: () =>
      journals.map((journal) => ({ id: journal.id, trimmedTo: journal.trimmedTo, head: headOf(journal) })),
    next({ id, offset }) {
      let index = journals.findIndex((journal) => journal.id === id);
      if (index < 0) return undefined;
      let after = offset;
      for (;;) {
        const journal = journals[index];
        if (!journal) return null;
        if (after < journal.trimmedTo) return undefined;
        const frame = journal.frames[after - journal.trimmedTo];
        if (frame) return frame;
        index += 1;
        after = journals[index]?.trimmedTo ?? 0;
      }
    },
  };
}
