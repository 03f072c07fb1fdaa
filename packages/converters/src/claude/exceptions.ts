import type { Conversation } from '@hhopkins/agent-protocol';

/** A place where the live and the reloaded conversation of Claude differ, and cannot but differ. */
export interface AgreementException {
  /** When it happens. */
  when: string;
  /** Why nothing can be done about it here. */
  reason: string;
  /** What still holds then. */
  holds(live: Conversation, reloaded: Conversation): boolean;
}

export type ClaudeExceptionName = 'lost-lines' | 'cleared-conversation';

/** Every exception there is. Each is proven by a recording that does not agree. */
export const CLAUDE_EXCEPTIONS: Readonly<Record<ClaudeExceptionName, AgreementException>> = {
  'lost-lines': {
    when: 'Claude is killed within some 100 ms of an answer.',
    reason:
      'Claude writes the lines of an answer when it is over, and in batches. What was said live stays in the event log; ' +
      'the transcript, and Claude when it resumes, know nothing of it.',
    holds: (live, reloaded) =>
      isSubsequence(reloaded.blocks.map(identity), live.blocks.map(identity)) &&
      reloaded.subagents.every(({ id, blocks }) =>
        isSubsequence(
          blocks.map(identity),
          live.subagents.find((each) => each.id === id)?.blocks.map(identity) ?? [],
        ),
      ),
  },
  'cleared-conversation': {
    when: 'The user says `/clear`.',
    reason:
      'Claude then begins another session with another transcript. What was said before stays in the event log; the ' +
      'transcript begins with the command.',
    holds: (live, reloaded) => {
      const start = live.blocks.findIndex(({ id }) => id === reloaded.blocks[0]?.id);
      return (
        start >= 0 && live.blocks.slice(start).map(identity).join() === reloaded.blocks.map(identity).join()
      );
    },
  },
};

const identity = ({ id, type }: { id: string; type: string }): string => `${type} ${id}`;

function isSubsequence(part: string[], whole: string[]): boolean {
  let index = 0;
  for (const each of whole) if (each === part[index]) index += 1;
  return index === part.length;
}
