import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FaultArguments } from './arguments.ts';
import { buildRunner } from './bundle.ts';
import { type KeptResult, type RunParts, runScene } from './run-scene.ts';
import { sabotageRunner } from './sabotage-runner.ts';
import { canMount } from './scene.ts';
import { planSchedule, type Schedule } from './schedule.ts';
import { createTwins } from './twin.ts';

const BOUND_MS = 90_000;
/** A broken product is not waited for as long. */
const SABOTAGED_BOUND_MS = 40_000;

export interface RunResult {
  results: readonly KeptResult[];
  skipped: Schedule['skipped'];
  /** How many faults were planned. */
  planned: number;
}

export interface RunEvents {
  onPlanned(schedule: Schedule): void;
  onResult(result: KeptResult): void;
}

/** Does all faults of a schedule, some scenes at a time. When it is stopped, the passes under way are the last. */
export async function runFaults(
  wish: FaultArguments,
  { onPlanned, onResult }: RunEvents,
  stop: AbortSignal = new AbortController().signal,
): Promise<RunResult> {
  const schedule = planSchedule(wish, await canMount());
  onPlanned(schedule);
  const runner = await mkdtemp(join(tmpdir(), 'faults-runner-'));
  const results: KeptResult[] = [];
  let hasFound = false;
  const boundMs = wish.sabotage ? SABOTAGED_BOUND_MS : BOUND_MS;
  const parts: RunParts = {
    sabotage: wish.sabotage,
    runner,
    twins: createTwins(boundMs),
    boundMs,
    isStopped: () => stop.aborted || (wish.untilFound && hasFound),
  };
  const waiting = [...schedule.scenes];
  const work = async () => {
    for (let scene = waiting.shift(); scene && !parts.isStopped(); scene = waiting.shift()) {
      for (const result of await runScene(scene, parts)) {
        results.push(result);
        hasFound ||= result.findings.length > 0;
        onResult(result);
      }
    }
  };
  try {
    await buildRunner(runner, sabotageRunner(wish.sabotage));
    await Promise.all(Array.from({ length: wish.scenes }, work));
  } finally {
    await rm(runner, { recursive: true, force: true });
  }
  return { results, skipped: schedule.skipped, planned: schedule.faults };
}
