import type { Random } from './random.ts';

export type AgentName = 'scripted' | 'claude';

export const ARCHITECTURES: Record<AgentName, string> = { scripted: 'scripted', claude: 'claude-sdk' };

/** The three messages of a pass. They differ from those of another pass only in their mark. */
export interface Workload {
  /** Which one it is: passes of the same variant are alike. */
  variant: number;
  mark: string;
  /** Streams for seconds and uses tools; the fault falls into it or behind it. */
  first: string;
  /** Waits in the queue behind the first. */
  second: string;
  /** Asks what the agent remembers; sent when all is over. */
  third: string;
  /** Files that a completed turn leaves, by their path. */
  files: { first: Readonly<Record<string, string>>; second: Readonly<Record<string, string>> };
  /** A file with a line for every time that the first turn's command really ran. */
  ranLog: string | null;
}

/** Words that the first turn of the scripted agent begins with, of each variant: with the second it streams for six seconds. */
const WORDS = [40, 300];

const scripted = (mark: string, words: number): Omit<Workload, 'variant' | 'mark'> => ({
  first: [
    `text ${words} 50`,
    `file first-${mark}.txt ${mark}`,
    'think 20',
    'text 40 50',
    'output 2000',
    `say end of ${mark}`,
  ].join('\n'),
  second: ['text 10 50', `file second-${mark}.txt ${mark}`, `say second ${mark}`].join('\n'),
  third: 'recall',
  files: { first: { [`first-${mark}.txt`]: mark }, second: { [`second-${mark}.txt`]: mark } },
  ranLog: null,
});

type FirstOfClaude = (mark: string) => Pick<Workload, 'first' | 'ranLog'> & { files: Record<string, string> };

const FIRSTS_OF_CLAUDE: readonly FirstOfClaude[] = [
  (mark) => ({ first: `pass ${mark}\nsim:slow tokens=70 rate=30`, files: {}, ranLog: null }),
  (mark) => ({
    first: `pass ${mark}\nsim:shell-and-write cmd="echo ${mark} >> ran.log; sleep 1" path=first-${mark}.txt content=${mark} rate=40`,
    files: { [`first-${mark}.txt`]: mark },
    ranLog: 'ran.log',
  }),
  (mark) => ({
    first: `pass ${mark}\nsim:subagent cmd="echo ${mark} >> ran.log; sleep 1"`,
    files: {},
    ranLog: 'ran.log',
  }),
];

export function workloadOf(agent: AgentName, variant: number, mark: string): Workload {
  if (agent === 'scripted') return { variant, mark, ...scripted(mark, WORDS[variant] as number) };
  const first = FIRSTS_OF_CLAUDE[variant % FIRSTS_OF_CLAUDE.length] as FirstOfClaude;
  const { files, ...rest } = first(mark);
  return {
    variant,
    mark,
    ...rest,
    second: `second ${mark}\nsim:write path=second-${mark}.txt content=${mark}`,
    third: `third ${mark}\nsim:recall`,
    files: { first: files, second: { [`second-${mark}.txt`]: mark } },
  };
}

export const chooseVariant = (agent: AgentName, random: Random): number =>
  agent === 'scripted' ? 0 : random.between(0, FIRSTS_OF_CLAUDE.length - 1);

/** For a fault that is aimed at a turn: however slow the machine is, it falls into it. */
export const longestVariant = (agent: AgentName): number => (agent === 'scripted' ? 1 : 0);
