import { AgentServerError, LIMITS, type RunnerFrame, type StreamTarget } from '@hhopkins/agent-protocol';
import type { Clock } from '../ports/runtime.ts';
import { fromBase64, toBase64 } from '../support/base64.ts';
import { concatenate } from '../support/bytes.ts';
import { withDeadline } from '../support/deadline.ts';
import { createDeferred, type Deferred } from '../support/deferred.ts';
import type { RunnerConnection } from './runner-connection.ts';

interface OpenStream {
  chunks: Uint8Array[];
  received: number;
  readonly maximumBytes: number;
  readonly answer: Deferred<Uint8Array>;
  /** Puts the end for want of bytes off. */
  alive(): void;
}

/** Between two chunks, and over all of them, in milliseconds. */
const STALL_MS = 60_000;
const TOTAL_MS = 600_000;

/** Bytes to and from the runner, many streams over one connection. */
export function createByteStreams(connection: Pick<RunnerConnection, 'send'>, clock: Clock) {
  const open = new Map<string, OpenStream>();

  /** Runs `exchange` over a new stream; whatever its end, nothing of the stream stays. */
  const within = async (
    maximumBytes: number,
    exchange: (id: string, stream: OpenStream) => Promise<void>,
  ): Promise<Uint8Array> => {
    const id = crypto.randomUUID();
    const answer = createDeferred<Uint8Array>();
    let cancelStall = () => {};
    const stream: OpenStream = {
      chunks: [],
      received: 0,
      maximumBytes,
      answer,
      alive() {
        cancelStall();
        cancelStall = clock.schedule(STALL_MS, () =>
          answer.reject(new AgentServerError('timeout', `The runner sent no bytes for ${STALL_MS} ms`)),
        );
      },
    };
    open.set(id, stream);
    stream.alive();
    try {
      exchange(id, stream).catch(answer.reject);
      return await withDeadline(clock, TOTAL_MS, 'The bytes of the runner', answer.promise);
    } finally {
      cancelStall();
      open.delete(id);
    }
  };

  return {
    read: (target: StreamTarget, maximumBytes: number): Promise<Uint8Array> =>
      within(maximumBytes, (id) => connection.send({ type: 'open', id, target })),

    async write(target: StreamTarget, content: Uint8Array): Promise<void> {
      await within(0, async (id, stream) => {
        await connection.send({ type: 'open', id, target });
        for (let start = 0; start < content.length; start += LIMITS.streamChunk) {
          if (!open.has(id)) return;
          const data = toBase64(content.subarray(start, start + LIMITS.streamChunk));
          await connection.send({ type: 'stream', id, data });
          stream.alive();
        }
        await connection.send({ type: 'stream', id, end: true });
      });
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
          stream.chunks = [];
          return;
        }
        stream.chunks.push(chunk);
        stream.alive();
      }
      if (frame.end) stream.answer.resolve(concatenate(stream.chunks));
    },

    reject(id: string, error: AgentServerError): void {
      open.get(id)?.answer.reject(error);
    },

    fail(error: AgentServerError): void {
      for (const stream of open.values()) stream.answer.reject(error);
    },
  };
}
