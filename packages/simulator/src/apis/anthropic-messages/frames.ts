import type { ModelRequest } from '../../model-request.ts';
import type { MessageAnswer } from '../../scenario/answer.ts';
import { splitTokens } from '../tokens.ts';
import type { Frame } from '../wire-api.ts';
import { errorBody } from './error.ts';
import { buildMessage, type ContentBlock } from './message.ts';

/** The server-sent events of a streamed message. */
export function* streamFrames(answer: MessageAnswer, request: ModelRequest): Generator<Frame> {
  const message = buildMessage(answer, request);
  const usage = { ...message.usage, output_tokens: 1 };
  yield event('message_start', { message: { ...message, content: [], stop_reason: null, usage } });
  for (const [index, block] of message.content.entries()) {
    yield event('content_block_start', { index, content_block: emptied(block) });
    for (const delta of deltas(block)) yield event('content_block_delta', { index, delta }, 1);
    if (block.type === 'thinking') {
      const delta = { type: 'signature_delta', signature: block.signature };
      yield event('content_block_delta', { index, delta });
    }
    if (answer.breakage && index === message.content.length - 1) break;
    yield event('content_block_stop', { index });
  }
  if (answer.breakage) {
    if (answer.breakage.kind === 'error') yield brokenBy(answer.breakage.status);
    return;
  }
  yield event('message_delta', {
    delta: { stop_reason: message.stop_reason, stop_sequence: null },
    usage: { output_tokens: message.usage.output_tokens },
  });
  yield event('message_stop', {});
}

function event(type: string, fields: Record<string, unknown>, tokens = 0): Frame {
  return { data: `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`, tokens };
}

function brokenBy(status: number): Frame {
  const body = errorBody(status, `simulated error ${status} in the stream`);
  return { data: `event: error\ndata: ${JSON.stringify(body)}\n\n`, tokens: 0 };
}

function emptied(block: ContentBlock): Record<string, unknown> {
  switch (block.type) {
    case 'thinking':
      return { ...block, thinking: '', signature: '' };
    case 'text':
      return { ...block, text: '' };
    case 'tool_use':
      return { ...block, input: {} };
  }
}

function deltas(block: ContentBlock): Record<string, unknown>[] {
  switch (block.type) {
    case 'thinking':
      return splitTokens(block.thinking).map((thinking) => ({ type: 'thinking_delta', thinking }));
    case 'text':
      return splitTokens(block.text).map((text) => ({ type: 'text_delta', text }));
    case 'tool_use':
      return splitTokens(JSON.stringify(block.input)).map((piece) => ({
        type: 'input_json_delta',
        partial_json: piece,
      }));
  }
}
