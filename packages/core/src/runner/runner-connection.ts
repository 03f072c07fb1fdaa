import { AgentServerError, createLineDecoder, type EngineFrame, encodeLine } from '@hhopkins/agent-protocol';
import type { SandboxProcess } from '../ports/sandbox.ts';
import { type InboundFrame, parseFrame } from './parse-frame.ts';

/** Frames to and from a runner over one `agent-runner connect`. */
export interface RunnerConnection {
  send(frame: EngineFrame): Promise<void>;
  /**
   * Frames in order, as many as arrived together. May be iterated once. Ends when the connection does; rejects with
   * `protocol_error` when the peer breaks the form.
   */
  readonly frames: AsyncIterable<InboundFrame[]>;
  /** What the program said on stderr, for the error message: its end, at most 2 kB. */
  complaint(): string;
  close(): void;
}

export function createRunnerConnection(process: SandboxProcess): RunnerConnection {
  const encoder = new TextEncoder();
  let complaint = '';

  const collectComplaint = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of process.stderr)
      complaint = (complaint + decoder.decode(chunk, { stream: true })).slice(-2000);
  };
  collectComplaint().catch(() => {});

  async function* read(): AsyncGenerator<InboundFrame[]> {
    const decoder = createLineDecoder('runner connection');
    for await (const chunk of process.stdout) {
      const frames = decoder.push(chunk).map(parseFrame);
      if (frames.length > 0) yield frames;
    }
  }

  return {
    frames: { [Symbol.asyncIterator]: read },
    async send(frame) {
      try {
        await process.stdin.write(encoder.encode(encodeLine(frame)));
      } catch (cause) {
        throw new AgentServerError('connection_lost', 'The connection to the runner was lost', { cause });
      }
    },
    complaint: () => complaint.trim(),
    close: () => process.detach(),
  };
}
