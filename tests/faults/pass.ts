import { setTimeout as pause } from 'node:timers/promises';
import { checkPrefix, checkRepeated, checkSame } from './checks/blocks.ts';
import { checkMemory, checkStore, recollection } from './checks/memory.ts';
import { checkFencing, checkStreams } from './checks/streams.ts';
import { blocksOfTurn } from './checks/turn-blocks.ts';
import { checkNext, checkTurns } from './checks/turns.ts';
import { checkEffects, checkFiles } from './checks/workspace.ts';
import { type Finding, findingOf } from './finding.ts';
import { kindNamed } from './kinds/index.ts';
import type { Outcome } from './kinds/kind.ts';
import { createRandom } from './random.ts';
import { recall, repeatWorkload, type SentWorkload, sendWorkload, untilTurnsEnded } from './run-workload.ts';
import type { Scene } from './scene.ts';
import type { PlannedFault, PlannedPass } from './schedule.ts';
import type { FaultSession } from './session.ts';
import { createSignal } from './signal.ts';
import type { Twin } from './twin.ts';
import { until } from './wait.ts';
import { type Workload, workloadOf } from './workload.ts';

const RUNNING_MS = 20_000;

/** What became of a fault. */
export interface FaultResult {
  fault: PlannedFault;
  /** What was done, in a few words; null when it could not be. */
  did: string | null;
  findings: Finding[];
}

/** Runs the workload in every session, does the harm, and checks everything. Never rejects. */
export async function runPass(
  scene: Scene,
  pass: PlannedPass,
  twin: Twin,
  boundMs: number,
): Promise<FaultResult[]> {
  const { faults } = pass;
  const isOfScene = kindNamed((faults[0] as PlannedFault).kind).scope === 'scene';
  const sessions = isOfScene ? scene.sessions : scene.sessions.slice(0, faults.length);
  const results = faults.map((fault): FaultResult => ({ fault, did: null, findings: [] }));
  const resultOf = (index: number) => results[isOfScene ? 0 : index] as FaultResult;
  const begun = createSignal();

  const harm = async (result: FaultResult, session: FaultSession) => {
    const { kind, after, delayMs, number } = result.fault;
    if (after === 'started') await untilRunning(session);
    await pause(delayMs);
    const random = createRandom(pass.seed, number);
    result.did = await kindNamed(kind).inflict({ scene, session, random });
  };
  const harmOfScene = begun.given.then(() =>
    isOfScene ? harm(resultOf(0), sessions[0] as FaultSession) : undefined,
  );
  harmOfScene.catch(() => {});

  await Promise.all(
    sessions.map(async (session, index) => {
      const result = resultOf(index);
      const note = (findings: readonly Finding[]) => {
        for (const { verdict, what } of findings)
          result.findings.push({ verdict, what: `session ${session.id}: ${what}` });
      };
      try {
        const { kind, number } = result.fault;
        const workload = workloadOf(scene.options.agent, pass.variant, `m${number}x${session.ordinal}`);
        const own = createSignal();
        const sending = sendWorkload({
          url: scene.proxy.url,
          session,
          workload,
          secondAfterMs: pass.secondAfterMs,
          boundMs,
          onFirst() {
            own.give();
            begun.give();
          },
        });
        const harmed = isOfScene ? harmOfScene : own.given.then(() => harm(result, session));
        const [sent] = await Promise.all([sending, harmed]);
        note(
          await checkSession({
            scene,
            session,
            workload,
            sent,
            twin,
            boundMs,
            outcome: kindNamed(kind).outcome,
          }),
        );
      } catch (error) {
        begun.give();
        note([findingOf(error)]);
      }
    }),
  );
  return results;
}

/** The session runs a turn. What keeps it from that is found out later, so that this gives up quietly. */
async function untilRunning({ seen }: FaultSession): Promise<void> {
  const runs = () => seen.state().session.activeTurn !== null;
  await until('the start of a turn', RUNNING_MS, runs).catch(() => {});
}

interface SessionCheck {
  scene: Scene;
  session: FaultSession;
  workload: Workload;
  sent: SentWorkload;
  twin: Twin;
  boundMs: number;
  outcome: Outcome;
}

/** After the harm is over: waits for the ends, takes the next turn, and holds everything against what was promised. */
async function checkSession(check: SessionCheck): Promise<Finding[]> {
  const { scene, session, workload, sent, twin, boundMs, outcome } = check;
  const { url } = scene.proxy;
  const { first, second } = sent;
  await repeatWorkload(url, session, sent, boundMs);
  await untilTurnsEnded(session, [first.turnId, second.turnId], boundMs);
  const next = await recall(url, session, workload, boundMs);
  await scene.rest.ask('POST', `/sessions/${session.id}/sync`);
  await untilSame(scene, session, boundMs);

  const findings = [
    ...checkTurns(session, sent, outcome),
    ...checkNext(session, next),
    ...(await checkStreams(scene, session)),
    ...checkFencing(scene.audit(), session.id),
  ];
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
  return findings;
}

/** Both clients have all that the server has. */
async function untilSame(scene: Scene, session: FaultSession, boundMs: number): Promise<void> {
  const { seen, alsoSeen } = session;
  await until('both clients at the head', boundMs, async () => {
    const { seq } = await scene.rest.get(session.id);
    return (seen.cursor?.seq ?? 0) >= seq && (alsoSeen.cursor?.seq ?? 0) >= seq;
  });
}
