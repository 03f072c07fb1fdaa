import type { Verdict } from './finding.ts';
import type { FaultResult } from './pass.ts';
import type { RunResult } from './run.ts';
import type { KeptResult } from './run-scene.ts';
import type { Schedule } from './schedule.ts';

/** Of one fault; one that meets all sessions breaks the same in each. The rest is in the JSON. */
const SHOWN_FINDINGS = 8;

export interface KindCount {
  kind: string;
  faults: number;
  claude: number;
  bubblewrap: number;
  lost: number;
  doubled: number;
  stuck: number;
}

export interface Summary {
  kinds: KindCount[];
  faults: number;
  lost: number;
  doubled: number;
  stuck: number;
}

/** A fault counts when it was done; one that could not be done counts as stuck. */
export function summarise({ results }: Pick<RunResult, 'results'>): Summary {
  const names = [...new Set(results.map(({ fault }) => fault.kind))].sort();
  const kinds = names.map((kind) =>
    count(
      kind,
      results.filter(({ fault }) => fault.kind === kind),
    ),
  );
  const { faults, lost, doubled, stuck } = count('all', results);
  return { kinds, faults, lost, doubled, stuck };
}

function count(kind: string, results: readonly FaultResult[]): KindCount {
  const done = results.filter(({ did }) => did !== null);
  const having = (verdict: Verdict) =>
    results.filter(({ findings }) => findings.some((finding) => finding.verdict === verdict)).length;
  return {
    kind,
    faults: done.length,
    claude: done.filter(({ fault }) => fault.agent === 'claude').length,
    bubblewrap: done.filter(({ fault }) => fault.sandbox === 'bubblewrap').length,
    lost: having('lost'),
    doubled: having('doubled'),
    stuck: having('stuck'),
  };
}

export function table({ kinds, ...total }: Summary): string {
  const columns = ['kind', 'faults', 'on Claude', 'in bubblewrap', 'lost', 'doubled', 'stuck'];
  const rows = kinds.map((row) =>
    [row.kind, row.faults, row.claude, row.bubblewrap, row.lost, row.doubled, row.stuck].map(String),
  );
  const sum = (pick: (row: KindCount) => number) => String(kinds.reduce((all, row) => all + pick(row), 0));
  const last = [
    'all',
    String(total.faults),
    sum(({ claude }) => claude),
    sum(({ bubblewrap }) => bubblewrap),
    String(total.lost),
    String(total.doubled),
    String(total.stuck),
  ];
  const lines = [columns, ...rows, last];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const show = (line: readonly string[]) =>
    `| ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [show(columns), rule, ...rows.map(show), show(last)].join('\n');
}

/** What is going to be done. */
export function planLine({ scenes, faults }: Schedule, kills: number): string {
  const planned = scenes.flatMap(({ passes }) => passes).flatMap((pass) => pass.faults);
  const kinds = new Set(planned.map(({ kind }) => kind));
  const ofKinds = [...kinds].map((kind) => planned.filter((fault) => fault.kind === kind).length);
  const [least, most] = [Math.min(...ofKinds), Math.max(...ofKinds)];
  const each = least === most ? `${least}` : `${least} or ${most}`;
  const claude = planned.filter(({ agent }) => agent === 'claude').length;
  const bubblewrap = planned.filter(({ sandbox }) => sandbox === 'bubblewrap').length;
  const more = faults > kills ? ` (more than ${kills}, so that every kind gets the same number)` : '';
  return `${faults} faults${more}: ${each} of each of ${ofKinds.length} kinds, ${claude} on Claude, ${bubblewrap} in bubblewrap`;
}

/** What broke, with what repeats it. */
export function failureLines({ fault, did, findings, kept }: KeptResult, seed: number): string[] {
  const { number, kind, agent, sandbox } = fault;
  const place = kept ? ` (kept in ${kept})` : '';
  const lines = findings.map(
    ({ verdict, what }) =>
      `FAILED seed ${seed} fault ${number} ${kind} on ${agent} in ${sandbox} [${did ?? 'not done'}]: ${verdict}: ${what}${place}`,
  );
  const more = lines.length - SHOWN_FINDINGS;
  return more > 0 ? [...lines.slice(0, SHOWN_FINDINGS), `… and ${more} more of this fault`] : lines;
}

export const lastLine = ({ faults, lost, doubled, stuck }: Summary): string =>
  `${faults} faults: ${lost} lost, ${doubled} doubled, ${stuck} stuck`;
