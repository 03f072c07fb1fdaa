/** Elements that agents put into user messages; what stands in them was not written by the user. */
const NOTE_ELEMENTS = [
  'system-reminder',
  'task-notification',
  'local-command-caveat',
  'local-command-stdout',
  'local-command-stderr',
  'command-name',
  'command-message',
  'command-args',
  'environment_context',
  'user_instructions',
  'session_context',
];

const NOTE = new RegExp(`<(${NOTE_ELEMENTS.join('|')})(?:\\s[^>]*)?>[\\s\\S]*?</\\1>`, 'g');

/** Takes the agent's own notes out of a user text; what is left is the user's, trimmed. */
export function withoutNotes(text: string): string {
  return text.replace(NOTE, '').trim();
}
