import type { FaultArguments } from './arguments.ts';
import { kindNamed } from './kinds/index.ts';
import { KIND_NAMES, type KindName } from './kinds/kind.ts';
import { createRandom } from './random.ts';
import { type AgentName, chooseVariant } from './workload.ts';

/** One fault of a run. Everything about it follows from the seed and its number, whatever ran before. */
export interface PlannedFault {
  number: number;
  kind: KindName;
  agent: AgentName;
  sandbox: 'plain' | 'bubblewrap';
  /** What the delay counts from: that the first message was acknowledged, or that its turn began. */
  after: 'acknowledged' | 'started';
  /** Until the fault, milliseconds. */
  delayMs: number;
}

/** Faults that happen together: one to the server of all sessions, or one to each session. */
export interface PlannedPass {
  faults: readonly PlannedFault[];
  variant: number;
  /** Between the first and the second message, milliseconds; the fault may come between them. */
  secondAfterMs: number;
  seed: number;
}

/** Passes that one server and its sessions go through, one after the other. */
export interface PlannedScene {
  agent: AgentName;
  sandbox: 'plain' | 'bubblewrap';
  smallDisk: boolean;
  sharedStore: boolean;
  passes: readonly PlannedPass[];
}

export interface Schedule {
  scenes: readonly PlannedScene[];
  /** Kinds that were asked for and cannot be had, with the reason. */
  skipped: readonly { kind: KindName; reason: string }[];
}

export const SESSIONS: Record<AgentName, number> = { scripted: 4, claude: 2 };
const PASSES_OF_A_SCENE = 6;
const LONGEST_DELAY_MS: Record<AgentName, number> = { scripted: 2500, claude: 4000 };
/** Of four faults that either agent can have, so many go to Claude. */
const CLAUDE_OF_FOUR = 1;

type Wish = Pick<FaultArguments, 'kills' | 'seed' | 'kinds' | 'agent' | 'sandbox' | 'sabotage'>;

export function planSchedule(wish: Wish, canFillDisk: boolean): Schedule {
  const skipped: { kind: KindName; reason: string }[] = [];
  const kinds = (wish.kinds ?? KIND_NAMES).filter((name) => {
    const reason = reasonAgainst(name, wish, canFillDisk);
    if (reason) skipped.push({ kind: name, reason });
    return !reason;
  });
  if (kinds.length === 0) return { scenes: [], skipped };
  const random = createRandom(wish.seed, 0);
  const names = Array.from({ length: wish.kills }, (_, index) => kinds[index % kinds.length] as KindName);
  const faults = names.map((kind, index) => planFault(kind, index, Math.floor(index / kinds.length), wish));
  return { scenes: random.shuffled(scenesOf(faults, wish.seed)), skipped };
}

function reasonAgainst(name: KindName, { agent }: Wish, canFillDisk: boolean): string | undefined {
  const { agents, smallDisk } = kindNamed(name);
  if (agent === 'scripted' && agents && !agents.includes('scripted'))
    return 'the scripted agent has neither a process nor a model';
  if (smallDisk && !canFillDisk) return 'this user may not mount a small disk for the store';
  return undefined;
}

function planFault(kind: KindName, index: number, turn: number, wish: Wish): PlannedFault {
  const random = createRandom(wish.seed, 1, index);
  const { agents } = kindNamed(kind);
  const mixed = random.between(1, 4) <= CLAUDE_OF_FOUR ? 'claude' : 'scripted';
  const wished = wish.agent === 'mixed' ? mixed : wish.agent;
  const agent = agents && !agents.includes(wished) ? (agents[0] as AgentName) : wished;
  const sandbox = wish.sandbox === 'mixed' ? (turn % 2 === 0 ? 'plain' : 'bubblewrap') : wish.sandbox;
  const after = random.between(1, 4) === 1 ? 'acknowledged' : 'started';
  const delayMs = random.between(0, LONGEST_DELAY_MS[agent]);
  return { number: index + 1, kind, agent, sandbox, after, delayMs };
}

/** Faults of one setting share scenes; those of single sessions share passes. */
function scenesOf(faults: readonly PlannedFault[], seed: number): PlannedScene[] {
  const settings = new Map<string, PlannedFault[]>();
  for (const fault of faults) {
    const { smallDisk, sharedStore } = kindNamed(fault.kind);
    const key = [fault.agent, fault.sandbox, smallDisk, sharedStore].join();
    settings.set(key, [...(settings.get(key) ?? []), fault]);
  }
  return [...settings.values()].flatMap((members) => {
    const { agent, sandbox, kind, number } = members[0] as PlannedFault;
    const { smallDisk = false, sharedStore = false } = kindNamed(kind);
    const passes = createRandom(seed, 2, number)
      .shuffled([
        ...members.filter((fault) => kindNamed(fault.kind).scope === 'scene').map((fault) => [fault]),
        ...inGroups(
          members.filter((fault) => kindNamed(fault.kind).scope === 'session'),
          SESSIONS[agent],
        ),
      ])
      .map((group) => planPass(group, seed));
    return inGroups(passes, PASSES_OF_A_SCENE).map((group) => ({
      agent,
      sandbox,
      smallDisk,
      sharedStore,
      passes: group,
    }));
  });
}

function planPass(faults: readonly PlannedFault[], seed: number): PlannedPass {
  const { number, agent } = faults[0] as PlannedFault;
  const random = createRandom(seed, 3, number);
  return {
    faults,
    variant: chooseVariant(agent, random),
    secondAfterMs: random.between(0, LONGEST_DELAY_MS[agent]),
    seed: random.between(0, 0x7fffffff),
  };
}

function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
