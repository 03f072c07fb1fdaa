import { SESSION_ENDED_OUTPUT } from '../interruptions.ts';
import { type JsonRecord, recordAt, recordsAt, textAt } from '../json.ts';
import { derivedUuid } from './derived-uuid.ts';
import { parseLine } from './lines.ts';
import { messageIdsOf } from './merged-messages.ts';
import { steeredMessageId } from './read-main.ts';

/**
 * Makes a transcript that broke off one that Claude resumes: torn lines go, and calls without a result get one that says
 * that the agent ended. Whole lines stay byte for byte; a sound transcript stays as it is. For main and subagents alike.
 */
export function repairClaudeTranscript(raw: string): string {
  const kept = raw.split('\n').filter((text) => parseLine(text) !== undefined);
  const lines = kept.map(parseLine).filter((line) => line !== undefined);
  const closing = danglingCalls(lines).map(closingLine);
  return [...kept, ...closing.map((line) => JSON.stringify(line))].map((text) => `${text}\n`).join('');
}

interface DanglingCall {
  toolUseId: string;
  line: JsonRecord;
}

function danglingCalls(lines: JsonRecord[]): DanglingCall[] {
  const calls = new Map<string, DanglingCall>();
  for (const line of lines) {
    for (const item of recordsAt(recordAt(line, 'message'), 'content')) {
      const toolUseId = textAt(item, 'id');
      if (item.type === 'tool_use' && toolUseId) calls.set(toolUseId, { toolUseId, line });
      if (item.type === 'tool_result') calls.delete(textAt(item, 'tool_use_id') ?? '');
    }
  }
  return [...calls.values()];
}

/** What the lines of one session have in common. */
const COMMON = [
  'isSidechain',
  'agentId',
  'userType',
  'entrypoint',
  'cwd',
  'sessionId',
  'version',
  'gitBranch',
];

function closingLine({ toolUseId, line }: DanglingCall): JsonRecord {
  const common = Object.fromEntries(COMMON.filter((key) => key in line).map((key) => [key, line[key]]));
  const content = [
    { type: 'tool_result', content: SESSION_ENDED_OUTPUT, is_error: true, tool_use_id: toolUseId },
  ];
  return {
    parentUuid: line.uuid ?? null,
    ...common,
    type: 'user',
    message: { role: 'user', content },
    uuid: derivedUuid(`closed ${toolUseId}`),
    timestamp: line.timestamp ?? new Date(0).toISOString(),
    toolUseResult: SESSION_ENDED_OUTPUT,
    sourceToolAssistantUUID: line.uuid ?? null,
  };
}

/** Whether the agent took the user's message in, as its transcript shows it: Claude then drops it if it is sent again. */
export function transcriptHasMessage(raw: string, messageId: string): boolean {
  // Most lines are large and do not name the message; reading them is saved.
  return raw.split('\n').some((text) => {
    const line = text.includes(messageId) ? parseLine(text) : undefined;
    if (!line) return false;
    const ids = line.type === 'user' ? messageIdsOf(line) : [steeredMessageId(line)];
    return ids.includes(messageId);
  });
}
