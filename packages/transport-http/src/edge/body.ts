import { parseJson } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';
import type { HttpContext } from './environment.ts';

/**
 * The body, never holding more of it than `maximumBytes`, whatever `Content-Length` says or whether there is one.
 * @throws AgentServerError `payload_too_large`
 */
export async function readBytes(context: HttpContext, maximumBytes: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new AgentServerError(
      'payload_too_large',
      `The body is larger than the ${maximumBytes} bytes allowed here.`,
    );
  if (Number(context.req.header('content-length') ?? 0) > maximumBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunksOf(context.req.raw.body)) {
    size += chunk.length;
    if (size > maximumBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return join(chunks, size);
}

/**
 * The JSON body, not yet looked into: the engine parses it. Undefined when there is none.
 * @throws AgentServerError `unsupported_media_type`, `payload_too_large`, `invalid_request`
 */
export async function readJson(context: HttpContext, maximumBytes: number): Promise<unknown> {
  const bytes = await readBytes(context, maximumBytes);
  const type = context.req.header('content-type');
  if (type !== undefined ? !isJson(type) : bytes.length > 0) {
    throw new AgentServerError(
      'unsupported_media_type',
      'The body must be sent as `Content-Type: application/json`.',
    );
  }
  if (bytes.length === 0) return undefined;
  const where = `body of ${context.req.method} ${context.req.path}`;
  return parseJson(decode(bytes, where), where);
}

async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (!body) return;
  const reader = body.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) return;
      yield value;
    }
  } catch (cause) {
    throw new AgentServerError('invalid_request', 'The body broke off.', { cause });
  } finally {
    if (!ended) reader.cancel().catch(() => {});
  }
}

const isJson = (type: string): boolean =>
  /^application\/(?:[\w.-]+\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(type.trim());

function decode(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AgentServerError('invalid_request', `${where}: not valid UTF-8`, { cause });
  }
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = chunks;
  if (first && chunks.length === 1) return first;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
