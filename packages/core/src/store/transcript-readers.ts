import { claude } from '@hhopkins/agent-converters';
import type { Conversation } from '@hhopkins/agent-protocol';

/** Reads an agent's saved transcript, for stores that keep no events. */
export type TranscriptReader = (
  main: string,
  subagents: readonly { id: string; raw: string }[],
) => Conversation;

/** By architecture. One without a reader begins with an empty conversation; its agent remembers all the same. */
export const TRANSCRIPT_READERS: Readonly<Record<string, TranscriptReader>> = {
  'claude-sdk': (main, subagents) =>
    claude.parseClaudeTranscript({ main, subagents: [...subagents] }).conversation,
};
