import { openDescriptorBook } from './checks/descriptors.ts';
import { checkProcesses } from './checks/processes.ts';
import { findingOf } from './finding.ts';
import { type FaultResult, runPass } from './pass.ts';
import type { Sabotage } from './sabotage.ts';
import { openScene, type Scene } from './scene.ts';
import { type PlannedPass, type PlannedScene, SESSIONS } from './schedule.ts';
import type { Twins } from './twin.ts';

/** What became of a fault, and where the remains of its scene are, if they were kept. */
export interface KeptResult extends FaultResult {
  kept: string | null;
}

export interface RunParts {
  sabotage: Sabotage | null;
  /** Folder of the runner's bundle. */
  runner: string;
  twins: Twins;
  /** What a fault is given at most until everything about it has ended, milliseconds. */
  boundMs: number;
  /** The pass under way is the last. */
  isStopped(): boolean;
}

/** Does the passes of a scene. After a finding the rest of them get a new server and new sessions. */
export async function runScene(planned: PlannedScene, parts: RunParts): Promise<KeptResult[]> {
  const results: KeptResult[] = [];
  const waiting = [...planned.passes];
  while (waiting.length > 0 && !parts.isStopped()) {
    const done: FaultResult[] = [];
    let scene: Scene | undefined;
    try {
      const { sabotage, runner } = parts;
      scene = await openScene({ ...planned, sessions: SESSIONS[planned.agent], sabotage, runner });
      await runPasses(scene, waiting, done, parts);
    } catch (error) {
      if (done.length === 0) {
        for (const fault of waiting.shift()?.faults ?? [])
          done.push({ fault, did: null, findings: [findingOf(error)], tookMs: {} });
      } else done.at(-1)?.findings.push(findingOf(error));
    }
    const failed = done.some(({ findings }) => findings.length > 0);
    const left = (await scene?.close(failed)) ?? [];
    done.at(-1)?.findings.push(...left);
    const kept = scene && (failed || left.length > 0) ? scene.directory : null;
    results.push(...done.map((result) => ({ ...result, kept: result.findings.length > 0 ? kept : null })));
  }
  return results;
}

/** Takes passes from those that wait, until one finds something. */
async function runPasses(
  scene: Scene,
  waiting: PlannedPass[],
  done: FaultResult[],
  { twins, boundMs, isStopped }: RunParts,
): Promise<void> {
  const descriptors = openDescriptorBook(scene);
  for (let [pass] = waiting; pass && !isStopped(); [pass] = waiting) {
    const twin = await twins.of(scene, pass.variant);
    waiting.shift();
    const passed = await runPass(scene, pass, twin, boundMs);
    done.push(...passed);
    scene.proxy.forget();
    const left = [...(await checkProcesses(scene)), ...(await descriptors.check())];
    passed[0]?.findings.push(...left);
    if (passed.some(({ findings }) => findings.length > 0)) return;
  }
}
