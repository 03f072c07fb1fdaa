import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Frame } from '../apis/wire-api.ts';
import { createPacer } from './pacer.ts';

export type StreamOutcome = 'complete' | 'aborted';

/** Writes frames as server-sent events at a pace, and stops when the client goes away. */
export async function streamFrames(
  response: ServerResponse,
  frames: Iterable<Frame>,
  tokensPerSecond: number,
): Promise<StreamOutcome> {
  const abort = new AbortController();
  response.once('close', () => abort.abort());
  const pacer = createPacer(tokensPerSecond, abort.signal);
  try {
    for (const frame of frames) {
      if (frame.tokens > 0) await pacer.spend(frame.tokens);
      if (!response.write(frame.data)) await once(response, 'drain', { signal: abort.signal });
    }
    return 'complete';
  } catch (error) {
    if (abort.signal.aborted) return 'aborted';
    throw error;
  }
}
