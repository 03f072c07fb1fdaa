import type { BlockOf } from '@hhopkins/agent-protocol';
import { INTERRUPTION_MESSAGE } from './interruptions.ts';

type SystemBlock = BlockOf<'system'>;
interface Place {
  id: string;
  timestamp: string;
}

export const interruptedBlock = (place: Place): SystemBlock => ({
  ...place,
  type: 'system',
  status: 'complete',
  subtype: 'interrupted',
  message: INTERRUPTION_MESSAGE,
});

export const modelErrorBlock = (place: Place, message: string): SystemBlock => ({
  ...place,
  type: 'system',
  status: 'error',
  subtype: 'model_error',
  message,
});

export const commandOutputBlock = (place: Place, message: string): SystemBlock => ({
  ...place,
  type: 'system',
  status: 'complete',
  subtype: 'command_output',
  message,
});

export const compactionBlock = (place: Place): SystemBlock => ({
  ...place,
  type: 'system',
  status: 'complete',
  subtype: 'compaction',
  message: 'Conversation compacted',
});

export const clearedBlock = (place: Place): SystemBlock => ({
  ...place,
  type: 'system',
  status: 'complete',
  subtype: 'conversation_cleared',
  message: 'Claude has forgotten the conversation so far',
});

/** The model's name on messages that Claude Code wrote itself. */
export const SYNTHETIC_MODEL = '<synthetic>';

/** What Claude Code answers to itself when it resumes a turn that had no answer. Not shown. */
export const NO_RESPONSE = 'No response requested.';
