import { type Block, MAIN_CONVERSATION } from '@hhopkins/agent-protocol';
import { assistantBlock, contentItems, takesOrdinal } from '../content.ts';
import { type JsonRecord, recordAt, textAt } from '../json.ts';
import { startsSubagent, subagentBlock } from '../subagent-calls.ts';
import { commandOutputBlock, modelErrorBlock, NO_RESPONSE, SYNTHETIC_MODEL } from '../system-blocks.ts';
import { nextOrdinal, takeOrdinal } from './ordinals.ts';
import { type Scope, sayBlock } from './scope.ts';
import { endStream, takeBackPending } from './stream.ts';
import { conversationOf } from './subagents.ts';
import { sayToolResult } from './tools.ts';

/** A finished content block of the model's, one a message; or a message that Claude Code wrote in its place. */
export function onAssistant(scope: Scope, message: JsonRecord): void {
  const conversationId = conversationOf(scope, message);
  const content = recordAt(message, 'message');
  const messageId = textAt(content, 'id') ?? '';
  const isMain = conversationId === MAIN_CONVERSATION;
  if (isMain && scope.state.stream?.messageId !== messageId) endStream(scope, 'cut off');
  if (content.model === SYNTHETIC_MODEL) {
    saySynthetic(scope, message, conversationId);
    return;
  }
  for (const item of contentItems(content)) {
    const place = {
      messageId,
      model: textAt(content, 'model'),
      timestamp: scope.timestamp,
      ordinal: nextOrdinal(scope.state, conversationId, messageId),
    };
    const block = assistantBlock(item, place);
    if (isMain) settlePending(scope, block);
    if (!block) continue;
    if (takesOrdinal(block)) takeOrdinal(scope.state, conversationId, messageId);
    sayFinished(scope, block, conversationId);
  }
}

/** The finished block takes the place of the one that streamed. */
function settlePending(scope: Scope, block: Block | undefined): void {
  const { stream } = scope.state;
  if (stream?.pending && stream.pending.id === block?.id) stream.pending = null;
  else takeBackPending(scope, 'empty');
}

function sayFinished(scope: Scope, block: Block, conversationId: string): void {
  if (block.type === 'tool_result') sayToolResult(scope, block, conversationId);
  else sayBlock(scope, block, conversationId);
  const subagent = scope.state.subagents[conversationId];
  if (subagent && block.type === 'assistant_text') subagent.lastText = block.content;
  if (block.type !== 'tool_use') return;
  const { toolUseId, input, timestamp } = block;
  const awaitsSubagent = startsSubagent(block) ? { input } : null;
  scope.state.openTools.push({ toolUseId, conversationId, awaitsSubagent });
  if (awaitsSubagent) sayBlock(scope, subagentBlock({ toolUseId, input, timestamp }), conversationId);
}

function saySynthetic(scope: Scope, message: JsonRecord, conversationId: string): void {
  const place = { id: textAt(message, 'uuid') ?? '', timestamp: scope.timestamp };
  const text = contentItems(recordAt(message, 'message'))
    .map((item) => textAt(item, 'text') ?? '')
    .join('\n')
    .trim();
  if (text === '' || text === NO_RESPONSE || place.id === '') return;
  const error = textAt(message, 'error');
  const isError = message.is_api_error_message === true || error !== undefined;
  if (error !== undefined && scope.state.turn) scope.state.turn.modelError = error;
  sayBlock(scope, isError ? modelErrorBlock(place, text) : commandOutputBlock(place, text), conversationId);
}
