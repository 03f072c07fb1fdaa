import { setTimeout as pause } from 'node:timers/promises';
import type { SendMessageResponse } from '@hhopkins/agent-protocol';
import { sendAgain, sendUntilAcknowledged } from './send.ts';
import type { FaultSession } from './session.ts';
import { until } from './wait.ts';
import type { Workload } from './workload.ts';

/** A turn of a pass, with the answer that acknowledged its message. */
export interface AcknowledgedTurn extends SendMessageResponse {
  content: string;
  key: string;
}

export interface SentWorkload {
  first: AcknowledgedTurn;
  second: AcknowledgedTurn;
}

export interface SendOptions {
  url: string;
  session: FaultSession;
  workload: Workload;
  secondAfterMs: number;
  boundMs: number;
  /** Is called when the first message was acknowledged. */
  onFirst(): void;
}

/** Sends the first two messages; what may happen meanwhile, a client's repeating gets over it. */
export async function sendWorkload(options: SendOptions): Promise<SentWorkload> {
  const { session, workload, secondAfterMs, boundMs, onFirst } = options;
  const send = (content: string, key: string) => sendMessage(options.url, session, content, key, boundMs);
  const first = await send(workload.first, `first-${workload.mark}`);
  onFirst();
  await pause(secondAfterMs);
  const second = await send(workload.second, `second-${workload.mark}`);
  return { first, second };
}

async function sendMessage(
  url: string,
  session: FaultSession,
  content: string,
  key: string,
  boundMs: number,
): Promise<AcknowledgedTurn> {
  const sending = { url, sessionId: session.id, content, key };
  return { ...(await sendUntilAcknowledged(sending, boundMs)), content, key };
}

/** Sends both again with their keys: nothing may come of it. */
export async function repeatWorkload(
  url: string,
  session: FaultSession,
  { first, second }: SentWorkload,
  boundMs: number,
): Promise<void> {
  for (const { content, key, ...known } of [first, second]) {
    await sendAgain({ url, sessionId: session.id, content, key }, known, boundMs);
  }
}

export async function untilTurnsEnded(
  session: FaultSession,
  turnIds: readonly string[],
  boundMs: number,
): Promise<void> {
  for (const turnId of turnIds) {
    const { sandbox, status, activeTurn } = session.seen.state().session;
    const doing = `session ${session.id} is ${status}, sandbox ${sandbox.status}, turn ${activeTurn?.turnId ?? 'none'}`;
    await until(`the end of turn ${turnId} (before: ${doing})`, boundMs, () => session.endOf(turnId));
  }
}

/** Asks the agent what it remembers, in a turn of its own. */
export async function recall(
  url: string,
  session: FaultSession,
  workload: Workload,
  boundMs: number,
): Promise<AcknowledgedTurn> {
  const turn = await sendMessage(url, session, workload.third, `third-${workload.mark}`, boundMs);
  await untilTurnsEnded(session, [turn.turnId], boundMs);
  return turn;
}
