import { type Follow, type FollowItem, systemClock, withDeadline } from '@hhopkins/agent-core';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { createEncoder } from './encode.ts';

export interface EventStreamParts {
  follow: Follow;
  heartbeatMs: number;
  /** A reader that takes nothing for so long is given up. */
  stallMs: number;
  /** How long the first item may take. */
  openMs: number;
  /** Ends the connection under the stream, where the runtime can. */
  disconnect(): void;
  /** Called once, when the stream is over for whatever reason. */
  onEnd(): void;
}

/** Bytes encoded ahead of the reader; what is beyond stays in the log until it is pulled. */
const AHEAD = 64 * 1024;

/**
 * Waits for the first item, so that what is wrong with the session is still answered as a problem, then streams.
 * @throws AgentServerError whatever the engine rejects with, e.g. `session_not_found`
 */
export async function openEventStream(parts: EventStreamParts): Promise<ReadableStream<Uint8Array>> {
  const items = parts.follow[Symbol.asyncIterator]();
  let over = false;
  const end = () => {
    if (over) return;
    over = true;
    parts.follow.close();
    items.return?.().catch(() => {});
    parts.onEnd();
  };
  try {
    const first = await withDeadline(systemClock, parts.openMs, 'The stream', items.next());
    if (first.done)
      throw new AgentServerError('session_not_found', 'The session has no events: it does not exist.');
    return stream(parts, first.value, items, end);
  } catch (error) {
    end();
    throw error;
  }
}

function stream(
  parts: EventStreamParts,
  first: FollowItem,
  items: AsyncIterator<FollowItem>,
  end: () => void,
): ReadableStream<Uint8Array> {
  const encode = createEncoder();
  const bytes = new TextEncoder();
  let lastPull = Date.now();
  let heartbeat: ReturnType<typeof setInterval>;
  const finish = () => {
    clearInterval(heartbeat);
    end();
  };

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(bytes.encode(`retry: 1000\n\n${encode(first)}`));
        heartbeat = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(bytes.encode(': still here\n\n'));
          else if (Date.now() - lastPull > parts.stallMs) {
            finish();
            parts.disconnect();
          }
        }, parts.heartbeatMs);
      },
      async pull(controller) {
        lastPull = Date.now();
        try {
          const { done, value } = await items.next();
          if (!done) return controller.enqueue(bytes.encode(encode(value)));
        } catch (error) {
          const problem = AgentServerError.from(error).toProblem();
          controller.enqueue(bytes.encode(`event: error\ndata: ${JSON.stringify(problem)}\n\n`));
        }
        finish();
        controller.close();
      },
      cancel: finish,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: AHEAD }),
  );
}
