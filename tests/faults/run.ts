import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FaultArguments } from './arguments.ts';
import { buildRunner } from './bundle.ts';
import { checkProcesses } from './checks/processes.ts';
import { findingOf } from './finding.ts';
import { type FaultResult, runPass } from './pass.ts';
import { sabotageRunner } from './sabotage-runner.ts';
import { canMount, openScene, type Scene } from './scene.ts';
import { type PlannedScene, planSchedule, type Schedule, SESSIONS } from './schedule.ts';
import { createTwins, type Twins } from './twin.ts';

/** What a fault is given at most until everything about it has ended, milliseconds. */
const BOUND_MS = 90_000;
/** A broken product is not waited for as long. */
const SABOTAGED_BOUND_MS = 30_000;

export interface RunResult {
  results: readonly (FaultResult & { kept: string | null })[];
  skipped: Schedule['skipped'];
}

export type Progress = (result: FaultResult, kept: string | null) => void;

/** Does all faults of a schedule, scene by scene. When it is stopped, the pass under way is the last. */
export async function runFaults(
  wish: FaultArguments,
  onResult: Progress,
  stop: AbortSignal = new AbortController().signal,
): Promise<RunResult> {
  const schedule = planSchedule(wish, await canMount());
  const runner = await mkdtemp(join(tmpdir(), 'faults-runner-'));
  const boundMs = wish.sabotage ? SABOTAGED_BOUND_MS : BOUND_MS;
  const twins = createTwins(boundMs);
  const results: (FaultResult & { kept: string | null })[] = [];
  try {
    await buildRunner(runner, sabotageRunner(wish.sabotage));
    for (const planned of schedule.scenes) {
      for (const result of await runScene(planned, { wish, runner, twins, boundMs, stop })) {
        results.push(result);
        onResult(result, result.kept);
      }
    }
  } finally {
    await rm(runner, { recursive: true, force: true });
  }
  return { results, skipped: schedule.skipped };
}

interface RunParts {
  wish: FaultArguments;
  runner: string;
  twins: Twins;
  boundMs: number;
  stop: AbortSignal;
}

/** After a finding the rest of the scene's passes get a new server and new sessions. */
async function runScene(planned: PlannedScene, parts: RunParts) {
  const results: (FaultResult & { kept: string | null })[] = [];
  const waiting = [...planned.passes];
  while (waiting.length > 0 && !parts.stop.aborted) {
    const done: FaultResult[] = [];
    let scene: Scene | undefined;
    try {
      scene = await openScene({
        ...planned,
        sessions: SESSIONS[planned.agent],
        sabotage: parts.wish.sabotage,
        runner: parts.runner,
      });
      for (let healthy = true; healthy && waiting.length > 0 && !parts.stop.aborted; ) {
        const [pass] = waiting;
        if (!pass) break;
        const twin = await parts.twins.of(scene, pass.variant);
        waiting.shift();
        const passed = await runPass(scene, pass, twin, parts.boundMs);
        done.push(...passed);
        passed[0]?.findings.push(...(await checkProcesses(scene)));
        healthy = passed.every(({ findings }) => findings.length === 0);
      }
    } catch (error) {
      if (done.length === 0) {
        for (const fault of waiting.shift()?.faults ?? [])
          done.push({ fault, did: null, findings: [findingOf(error)] });
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
