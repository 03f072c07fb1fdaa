import { checkPrefix, checkRepeated, checkSame } from './checks/blocks.ts';
import { checkFencing } from './checks/fencing.ts';
import { checkMemory, checkStore, recollection } from './checks/memory.ts';
import { checkStreams } from './checks/streams.ts';
import { blocksOfTurn } from './checks/turn-blocks.ts';
import { checkNext, checkNothingElse, checkTurns } from './checks/turns.ts';
import { checkEffects, checkFiles } from './checks/workspace.ts';
import type { Finding } from './finding.ts';
import type { Outcome } from './kinds/kind.ts';
import { recall, repeatWorkload, type SentWorkload, untilTurnsEnded } from './run-workload.ts';
import type { Scene } from './scene.ts';
import type { FaultSession } from './session.ts';
import type { Stopwatch } from './stopwatch.ts';
import type { Twin } from './twin.ts';
import type { Workload } from './workload.ts';

export interface SessionCheck {
  scene: Scene;
  session: FaultSession;
  workload: Workload;
  sent: SentWorkload;
  twin: Twin;
  boundMs: number;
  outcome: Outcome;
  watch: Stopwatch;
}

/** After the harm is over: waits for the ends, takes the next turn, and holds everything against what was promised. */
export async function checkSession(check: SessionCheck): Promise<Finding[]> {
  const { scene, session, workload, sent, twin, boundMs, outcome, watch } = check;
  const { first, second } = sent;
  await repeatWorkload(session, sent, boundMs);
  await untilTurnsEnded(session, [first.turnId, second.turnId], boundMs);
  watch.lap('ended');
  const next = await recall(session, workload, boundMs);
  watch.lap('next turn');
  await scene.rest.ask('POST', `/sessions/${session.id}/sync`);
  watch.lap('saved');

  const findings = [
    ...checkTurns(session, sent, outcome),
    ...checkNext(session, next),
    ...checkNothingElse(session, [first, second, next]),
    ...(await checkStreams(scene, session, boundMs)),
    ...checkFencing(scene.audit(), session.id),
  ];
  watch.lap('compared');
  const lostAt = session.seen.events.findLast(({ type }) => type === 'sandbox:lost')?.seq ?? 0;
  for (const name of ['first', 'second'] as const) {
    const { turnId } = sent[name];
    const completed = session.endOf(turnId)?.type === 'turn:completed';
    const blocks = blocksOfTurn(session.seen, turnId, workload.mark);
    const check = !completed ? checkPrefix : outcome === 'repeated' ? checkRepeated : checkSame;
    findings.push(...check(`${name} turn`, blocks, twin[name]));
    // What a sandbox held beyond the last save may die with it.
    const kept = completed && (outcome !== 'sandbox_lost' || (session.endOf(turnId)?.seq ?? 0) > lostAt);
    if (!kept) continue;
    for (const [path, content] of Object.entries(workload.files[name])) session.files.set(path, content);
    if (!session.remembered.includes(workload.mark)) session.remembered.push(workload.mark);
    if (name === 'first') findings.push(...(await checkEffects(scene, session, workload, true)));
  }
  findings.push(...(await checkEffects(scene, session, workload, false)));
  findings.push(...checkMemory(recollection(session, next.turnId), session.remembered));
  findings.push(...checkStore(scene, session, [first.messageId, second.messageId, next.messageId]));
  findings.push(...(await checkFiles(scene, session)));
  watch.lap('checked');
  return findings;
}
