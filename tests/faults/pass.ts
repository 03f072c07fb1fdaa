import { setTimeout as pause } from 'node:timers/promises';
import { checkSession } from './check-session.ts';
import { type Finding, findingOf } from './finding.ts';
import { kindNamed } from './kinds/index.ts';
import { createRandom } from './random.ts';
import { sendWorkload } from './run-workload.ts';
import type { Scene } from './scene.ts';
import type { PlannedFault, PlannedPass } from './schedule.ts';
import type { FaultSession } from './session.ts';
import { createSignal, type Signal } from './signal.ts';
import { createStopwatch } from './stopwatch.ts';
import type { Twin } from './twin.ts';
import { until } from './wait.ts';
import { workloadOf } from './workload.ts';

const RUNNING_MS = 60_000;

/** What became of a fault. */
export interface FaultResult {
  fault: PlannedFault;
  /** What was done, in a few words; null when it could not be. */
  did: string | null;
  findings: Finding[];
  /** Where the time of its session went, milliseconds. */
  tookMs: Readonly<Record<string, number>>;
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
  const results = faults.map((fault): FaultResult => ({ fault, did: null, findings: [], tookMs: {} }));
  const resultOf = (index: number) => results[isOfScene ? 0 : index] as FaultResult;
  const begun = createSignal();

  const harm = async (result: FaultResult, session: FaultSession, sending: Signal) => {
    const { kind, after, delayMs, number } = result.fault;
    if (after === 'started') await untilRunning(session);
    if (after === 'sending') await sending.given;
    await pause(delayMs);
    const random = createRandom(pass.seed, number);
    result.did = await kindNamed(kind).inflict({ scene, session, random });
  };
  const harmOfScene = begun.given.then(() =>
    isOfScene ? harm(resultOf(0), sessions[0] as FaultSession, begun) : undefined,
  );
  harmOfScene.catch(() => {});

  await Promise.all(
    sessions.map(async (session, index) => {
      const result = resultOf(index);
      const note = (findings: readonly Finding[]) => {
        for (const { verdict, what } of findings)
          result.findings.push({ verdict, what: `session ${session.id}: ${what}` });
      };
      const watch = createStopwatch();
      result.tookMs = watch.laps;
      try {
        const { kind, number } = result.fault;
        const workload = workloadOf(scene.options.agent, pass.variant, `m${number}x${session.ordinal}`);
        const own = createSignal();
        const again = createSignal();
        const sending = sendWorkload({
          session,
          workload,
          secondAfterMs: pass.secondAfterMs,
          boundMs,
          onFirst() {
            own.give();
            begun.give();
          },
          onSecond: again.give,
        });
        const harmed = isOfScene ? harmOfScene : own.given.then(() => harm(result, session, again));
        const [sent] = await Promise.all([sending, harmed]);
        watch.lap('harmed');
        const { outcome } = kindNamed(kind);
        note(await checkSession({ scene, session, workload, sent, twin, boundMs, outcome, watch }));
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
