import { type FaultArguments, readArguments, USAGE } from './arguments.ts';
import type { FaultResult } from './pass.ts';
import { failureLines, lastLine, summarise, table } from './report.ts';
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
  const { seed, kills, json, sabotage } = wish;
  const say = (line: string) => (json ? process.stderr : process.stdout).write(`${line}\n`);
  const interrupted = new AbortController();
  // The scene under way is still closed, so that nothing of it is left.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  const report = (result: FaultResult, kept: string | null) => {
    const { number, kind, agent, sandbox } = result.fault;
    if (result.findings.length === 0) say(`${number} ${kind} on ${agent} in ${sandbox}: ${result.did}: well`);
    for (const line of failureLines(result, seed, kept)) say(line);
  };
  const run = await runFaults(wish, report, interrupted.signal);
  const summary = summarise(run);
  const clean = summary.faults >= kills && summary.lost + summary.doubled + summary.stuck === 0;
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ seed, kills, sabotage, clean, ...summary, ...run }, null, 2)}\n`,
    );
    return clean ? 0 : 1;
  }
  for (const { kind, reason } of run.skipped) say(`skipped ${kind}: ${reason}`);
  say(`\nseed ${seed}${sabotage ? `, sabotage ${sabotage}` : ''}\n\n${table(summary)}\n`);
  say(lastLine(summary));
  return clean ? 0 : 1;
}

process.exit(await main());
