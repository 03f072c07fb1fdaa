import { type FaultArguments, readArguments, USAGE } from './arguments.ts';
import { failureLines, lastLine, planLine, summarise, table } from './report.ts';
import { runFaults } from './run.ts';

/** @returns the exit code: 0 when all faults were done and nothing was lost, doubled or stuck */
async function main(): Promise<number> {
  let wish: FaultArguments;
  try {
    wish = readArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}\n`);
    return 2;
  }
  const { seed, kills, json, sabotage, untilFound } = wish;
  const say = (line: string) => (json ? process.stderr : process.stdout).write(`${line}\n`);
  const interrupted = new AbortController();
  // The scene under way is still closed, so that nothing of it is left.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  const begun = performance.now();
  const run = await runFaults(
    wish,
    {
      onPlanned: (schedule) => say(planLine(schedule, kills)),
      onResult(result) {
        const { number, kind, agent, sandbox } = result.fault;
        if (result.findings.length === 0)
          say(`${number} ${kind} on ${agent} in ${sandbox}: ${result.did}: well`);
        for (const line of failureLines(result, seed)) say(line);
      },
    },
    interrupted.signal,
  );
  const summary = summarise(run);
  const isWhole = summary.faults >= run.planned;
  const clean = isWhole && summary.lost + summary.doubled + summary.stuck === 0;
  const seconds = Math.round((performance.now() - begun) / 1000);
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ seed, kills, sabotage, clean, seconds, ...summary, ...run }, null, 2)}\n`,
    );
    return clean ? 0 : 1;
  }
  for (const { kind, reason } of run.skipped) say(`skipped ${kind}: ${reason}`);
  if (!isWhole && !untilFound) say(`only ${summary.faults} of ${run.planned} faults were done`);
  say(`\nseed ${seed}${sabotage ? `, sabotage ${sabotage}` : ''}\n\n${table(summary)}\n\n${seconds} seconds`);
  say(lastLine(summary));
  return clean ? 0 : 1;
}

process.exit(await main());
