import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { SendMessageResponse } from '@hhopkins/agent-protocol';
import { Broken, doubled } from './finding.ts';
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
  session: FaultSession;
  workload: Workload;
  secondAfterMs: number;
  boundMs: number;
  /** Is called when the first message was acknowledged. */
  onFirst(): void;
  /** Is called when the second is about to be sent. */
  onSecond(): void;
}

/** Sends the first two messages; what may happen meanwhile, the client's outbox gets over it. */
export async function sendWorkload(options: SendOptions): Promise<SentWorkload> {
  const { session, workload, secondAfterMs, boundMs, onFirst, onSecond } = options;
  const send = async (content: string, key: string): Promise<AcknowledgedTurn> => ({
    ...(await session.sender.send({ content, key }, boundMs)),
    content,
    key,
  });
  const first = await send(workload.first, `first-${workload.mark}`);
  onFirst();
  await pause(secondAfterMs);
  onSecond();
  const second = await send(workload.second, `second-${workload.mark}`);
  return { first, second };
}

/** Sends both again with their keys, now from the other client: the answers are the same, and nothing may come of it. */
export async function repeatWorkload(
  { observer }: FaultSession,
  { first, second }: SentWorkload,
  boundMs: number,
): Promise<void> {
  for (const { content, key, ...known } of [first, second]) {
    const again = await observer.send({ content, key }, boundMs);
    if (isDeepStrictEqual(again, known)) continue;
    throw new Broken(doubled(`the same key was answered by turn ${known.turnId}, then by ${again.turnId}`));
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
  session: FaultSession,
  { third: content, mark }: Workload,
  boundMs: number,
): Promise<AcknowledgedTurn> {
  const key = `third-${mark}`;
  const answer = await session.observer.send({ content, key }, boundMs);
  await untilTurnsEnded(session, [answer.turnId], boundMs);
  return { ...answer, content, key };
}
