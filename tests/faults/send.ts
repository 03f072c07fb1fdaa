import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { SendMessageResponse } from '@hhopkins/agent-protocol';
import { Broken, doubled, lost, stuck } from './finding.ts';

const TRY_MS = 4000;
const AGAIN_MS = 60;

/** A message with its key, as a client keeps it until the server has it. */
export interface Sending {
  url: string;
  sessionId: string;
  content: string;
  key: string;
}

/** Sends until it is acknowledged, whatever happens to connection and server. A refusal is a loss. */
export async function sendUntilAcknowledged(
  { url, sessionId, content, key }: Sending,
  boundMs: number,
): Promise<SendMessageResponse> {
  const begun = performance.now();
  for (;;) {
    try {
      const answer = await fetch(`${url}/sessions/${sessionId}/message`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify({ content }),
        signal: AbortSignal.timeout(TRY_MS),
      });
      const body = await answer.text();
      if (answer.status === 202) return JSON.parse(body) as SendMessageResponse;
      if (answer.status < 500 && answer.status !== 429) {
        throw new Broken(lost(`a message was refused: ${answer.status} ${body.slice(0, 200)}`));
      }
    } catch (error) {
      if (error instanceof Broken) throw error;
    }
    if (performance.now() - begun > boundMs) {
      throw new Broken(stuck(`a message was not acknowledged within ${boundMs} ms`));
    }
    await pause(AGAIN_MS);
  }
}

/** Sends it once more with the same key, and holds the answer against the first one. */
export async function sendAgain(
  sending: Sending,
  known: SendMessageResponse,
  boundMs: number,
): Promise<void> {
  const again = await sendUntilAcknowledged(sending, boundMs);
  if (!isDeepStrictEqual(again, known)) {
    throw new Broken(doubled(`the same key was answered by turn ${known.turnId}, then by ${again.turnId}`));
  }
}
