import { isRecord, type JsonRecord, recordsAt, textAt } from './json.ts';

/** The output of a tool call that the user interrupted. */
export const INTERRUPTED_OUTPUT = 'Interrupted by the user.';

/** The output of a tool call whose agent ended before it had a result. */
export const SESSION_ENDED_OUTPUT =
  'The agent ended before this call had a result. Whether it took effect is unknown.';

/** How Claude Code words both to the model. It says them in some places only, so the outputs are made uniform. */
const REJECTED = /^The user doesn't want to proceed with this tool use\. .*STOP what you are doing and wait/s;
const ENDED = /^\[Tool call interrupted: the session ended before this call's result was recorded/;

export function uniformOutput(output: string): string {
  if (REJECTED.test(output)) return INTERRUPTED_OUTPUT;
  if (ENDED.test(output)) return SESSION_ENDED_OUTPUT;
  return output;
}

const MARKER = /^\[Request interrupted by user( for tool use)?\]$/;

/** Whether a user's message is the mark that Claude Code leaves where the user interrupted. */
export function isInterruptionMarker(message: JsonRecord): boolean {
  const content = message.content;
  if (typeof content === 'string') return MARKER.test(content);
  return recordsAt(message, 'content').some(
    (item) => isRecord(item) && MARKER.test(textAt(item, 'text') ?? ''),
  );
}

export const INTERRUPTION_MESSAGE = 'Interrupted by the user.';
