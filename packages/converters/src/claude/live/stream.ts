import { contentBlockId } from '../block-ids.ts';
import { type JsonRecord, recordAt, textAt } from '../json.ts';
import { nextOrdinal } from './ordinals.ts';
import { type Scope, say, sayBlock } from './scope.ts';
import type { Pending, Stream } from './state.ts';
import { countModelCall } from './usage.ts';

/** An event of the Messages API, as the model streams its answer. */
export function onStreamEvent(scope: Scope, event: JsonRecord): void {
  switch (event.type) {
    case 'message_start':
      startMessage(scope, recordAt(event, 'message'));
      break;
    case 'content_block_start':
      startContentBlock(scope, recordAt(event, 'content_block'));
      break;
    case 'content_block_delta':
      extendContentBlock(scope, recordAt(event, 'delta'));
      break;
    case 'message_delta':
      countModelCall(scope, recordAt(event, 'usage'), 'end');
      break;
    case 'message_stop':
      endStream(scope, 'empty');
      break;
  }
}

function startMessage(scope: Scope, message: JsonRecord): void {
  endStream(scope, 'retried');
  const messageId = textAt(message, 'id');
  if (messageId === undefined) return;
  scope.state.stream = { messageId, model: textAt(message, 'model'), pending: null, held: [] };
  countModelCall(scope, recordAt(message, 'usage'), 'start');
}

function startContentBlock(scope: Scope, content: JsonRecord): void {
  const { stream } = scope.state;
  if (!stream) return;
  takeBackPending(scope, 'empty');
  stream.pending = pendingBlock(scope, stream, content);
}

function pendingBlock(scope: Scope, stream: Stream, content: JsonRecord): Pending | null {
  const { type } = content;
  if (type === 'text' || type === 'thinking') {
    const id = contentBlockId(stream.messageId, nextOrdinal(scope.state, 'main', stream.messageId));
    return { kind: type, id, shown: false, content: textAt(content, type) ?? '' };
  }
  const toolUseId = textAt(content, 'id');
  if (!String(type).endsWith('tool_use') || toolUseId === undefined) return null;
  const toolName = textAt(content, 'name') ?? 'unknown';
  sayBlock(scope, {
    id: toolUseId,
    type: 'tool_use',
    status: 'pending',
    timestamp: scope.timestamp,
    toolUseId,
    toolName,
    input: {},
  });
  return { kind: 'tool', id: toolUseId, shown: true };
}

function extendContentBlock(scope: Scope, delta: JsonRecord): void {
  const pending = scope.state.stream?.pending;
  if (!pending || pending.kind === 'tool') return;
  const text = textAt(delta, pending.kind);
  if (!text || delta.type !== `${pending.kind}_delta`) return;
  if (pending.shown) {
    say(scope, 'block:delta', { blockId: pending.id, delta: text });
    return;
  }
  pending.content += text;
  // A block that stays blank is never shown, so it is not begun before it says something.
  if (pending.content.trim() === '') return;
  pending.shown = true;
  sayPending(scope, pending);
  pending.content = '';
}

function sayPending(scope: Scope, pending: Exclude<Pending, { kind: 'tool' }>): void {
  const { id, content } = pending;
  const { timestamp } = scope;
  const model = scope.state.stream?.model;
  sayBlock(
    scope,
    pending.kind === 'thinking'
      ? { id, type: 'thinking', status: 'pending', timestamp, content }
      : { id, type: 'assistant_text', status: 'pending', timestamp, content, ...(model && { model }) },
  );
}

/** The pending block, when it was shown, is taken back. */
export function takeBackPending(scope: Scope, reason: string): void {
  const { stream } = scope.state;
  if (stream?.pending?.shown) say(scope, 'block:discarded', { blockId: stream.pending.id, reason });
  if (stream) stream.pending = null;
}

/** The streamed message is over: what was not finished is taken back, and the results that waited follow. */
export function endStream(scope: Scope, reason: string): void {
  const { stream } = scope.state;
  if (!stream) return;
  takeBackPending(scope, reason);
  scope.state.stream = null;
  for (const block of stream.held) sayBlock(scope, block);
}
