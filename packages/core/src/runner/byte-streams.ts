import { AgentServerError, LIMITS, type RunnerFrame, type StreamTarget } from '@hhopkins/agent-protocol';
import { fromBase64, toBase64 } from '../support/base64.ts';
import { createDeferred, type Deferred } from '../support/deferred.ts';
import type { RunnerConnection } from './runner-connection.ts';

interface OpenStream {
  chunks: Uint8Array[];
  received: number;
  maximumBytes: number;
  answer: Deferred<Uint8Array>;
}

/** Bytes to and from the runner, many streams over one connection. */
export function createByteStreams(connection: Pick<RunnerConnection, 'send'>) {
  const open = new Map<string, OpenStream>();

  const begin = (maximumBytes: number): [string, OpenStream] => {
    const id = crypto.randomUUID();
    const stream: OpenStream = { chunks: [], received: 0, maximumBytes, answer: createDeferred() };
    open.set(id, stream);
    stream.answer.promise.catch(() => {}).finally(() => open.delete(id));
    return [id, stream];
  };

  return {
    async read(target: StreamTarget, maximumBytes: number): Promise<Uint8Array> {
      const [id, stream] = begin(maximumBytes);
      await connection.send({ type: 'open', id, target });
      return stream.answer.promise;
    },

    async write(target: StreamTarget, content: Uint8Array): Promise<void> {
      const [id, stream] = begin(0);
      await connection.send({ type: 'open', id, target });
      for (let start = 0; start < content.length; start += LIMITS.streamChunk) {
        const data = toBase64(content.subarray(start, start + LIMITS.streamChunk));
        await connection.send({ type: 'stream', id, data });
      }
      await connection.send({ type: 'stream', id, end: true });
      await stream.answer.promise;
    },

    receive(frame: Extract<RunnerFrame, { type: 'stream' }>): void {
      const stream = open.get(frame.id);
      if (!stream) return;
      if (frame.data) {
        const chunk = fromBase64(frame.data);
        stream.received += chunk.length;
        if (stream.received > stream.maximumBytes) {
          const message = `What the runner sent is larger than ${stream.maximumBytes} bytes`;
          stream.answer.reject(new AgentServerError('payload_too_large', message));
          return;
        }
        stream.chunks.push(chunk);
      }
      if (frame.end) stream.answer.resolve(concatenate(stream.chunks, stream.received));
    },

    reject(id: string, error: AgentServerError): void {
      open.get(id)?.answer.reject(error);
    },

    fail(error: AgentServerError): void {
      for (const stream of open.values()) stream.answer.reject(error);
    },
  };
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
