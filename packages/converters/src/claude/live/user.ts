import { MAIN_CONVERSATION } from '@hhopkins/agent-protocol';
import { toolResultBlock } from '../content.ts';
import { isInterruptionMarker } from '../interruptions.ts';
import { type JsonRecord, recordAt, recordsAt, textAt } from '../json.ts';
import { commandOutputBlock, interruptedBlock } from '../system-blocks.ts';
import { localCommandOutput } from '../user-content.ts';
import { type Scope, sayBlock } from './scope.ts';
import { endStream } from './stream.ts';
import { conversationOf } from './subagents.ts';
import { sayToolResult } from './tools.ts';

/** Results of tools, and what Claude Code says in the user's name. What the user said is known already. */
export function onUser(scope: Scope, message: JsonRecord): void {
  const conversationId = conversationOf(scope, message);
  const isMain = conversationId === MAIN_CONVERSATION;
  const content = recordAt(message, 'message');
  const place = { id: textAt(message, 'uuid') ?? '', timestamp: scope.timestamp };
  // Said after an answer that broke off in the middle, for one.
  if (message.isSynthetic === true) {
    if (isMain) endStream(scope, 'cut off');
    return;
  }
  const output = localCommandOutput(content.content);
  if (output) sayBlock(scope, commandOutputBlock(place, output), conversationId);
  for (const item of recordsAt(content, 'content')) {
    const block = toolResultBlock(item, scope.timestamp);
    if (block) sayToolResult(scope, block, conversationId);
  }
  if (!isMain || !isInterruptionMarker(content)) return;
  endStream(scope, 'interrupted');
  sayBlock(scope, interruptedBlock(place));
}
