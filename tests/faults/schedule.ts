import type { FaultArguments } from './arguments.ts';
import { kindNamed } from './kinds/index.ts';
import { KIND_NAMES, type KindName } from './kinds/kind.ts';
import { createRandom } from './random.ts';
import { type AgentName, chooseVariant, longestVariant } from './workload.ts';

/** One fault of a run. Everything about it follows from the seed and its number, whatever ran before. */
export interface PlannedFault {
  number: number;
  kind: KindName;
  agent: AgentName;
  sandbox: 'plain' | 'bubblewrap';
  /** What the delay counts from: that the first message was acknowledged, that its turn began, or that the second is sent. */
  after: 'acknowledged' | 'started' | 'sending';
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
  /** How many faults that are. */
  faults: number;
  /** Kinds that were asked for and cannot be had, with the reason. */
  skipped: readonly { kind: KindName; reason: string }[];
}

export const SESSIONS: Record<AgentName, number> = { scripted: 4, claude: 2 };
const PASSES_OF_A_SCENE = 6;
const LONGEST_DELAY_MS: Record<AgentName, number> = { scripted: 2500, claude: 4000 };
/** From the moment a message is handed to its client until it is answered, about. */
const SENDING_MS = 30;
/** Within a turn that streams, so that what is broken on purpose is sure to matter. */
const AIMED_MS = { lowest: 200, highest: 600 };
/** Of the faults of a kind that either agent can have, one in so many goes to Claude. */
const CLAUDE_EVERY = 4;

type Wish = Pick<FaultArguments, 'kills' | 'seed' | 'kinds' | 'agent' | 'sandbox' | 'sabotage'>;

/** From as many faults as there are kinds on, every kind gets the same number: the last round is made whole. */
export function planSchedule(wish: Wish, canFillDisk: boolean): Schedule {
  const skipped: { kind: KindName; reason: string }[] = [];
  const kinds = (wish.kinds ?? KIND_NAMES).filter((name) => {
    const reason = reasonAgainst(name, wish, canFillDisk);
    if (reason) skipped.push({ kind: name, reason });
    return !reason;
  });
  if (kinds.length === 0) return { scenes: [], faults: 0, skipped };
  const rounds = Math.ceil(wish.kills / kinds.length);
  const number = wish.kills < kinds.length ? wish.kills : rounds * kinds.length;
  const names = Array.from({ length: number }, (_, index) => kinds[index % kinds.length] as KindName);
  const faults = names.map((kind, index) => planFault(kind, index, Math.floor(index / kinds.length), wish));
  const scenes = createRandom(wish.seed, 0).shuffled(scenesOf(faults, wish));
  return { scenes, faults: number, skipped };
}

function reasonAgainst(name: KindName, { agent }: Wish, canFillDisk: boolean): string | undefined {
  const { agents, smallDisk } = kindNamed(name);
  if (agent === 'scripted' && agents && !agents.includes('scripted'))
    return 'the scripted agent has neither a process nor a model';
  if (smallDisk && !canFillDisk) return 'this user may not mount a small disk for the store';
  return undefined;
}

function planFault(kind: KindName, index: number, round: number, wish: Wish): PlannedFault {
  const agent = agentFor(kind, round, wish);
  const sandbox = wish.sandbox === 'mixed' ? (round % 2 === 0 ? 'plain' : 'bubblewrap') : wish.sandbox;
  return { number: index + 1, kind, agent, sandbox, ...momentOf(kind, agent, index, wish) };
}

/** Two rounds, one in each sandbox, have the same agents; which kinds go to Claude changes with the next two. */
function agentFor(kind: KindName, round: number, wish: Wish): AgentName {
  const { agents } = kindNamed(kind);
  const turn = Math.floor(round / 2) + KIND_NAMES.indexOf(kind);
  const mixed = turn % CLAUDE_EVERY === 0 ? 'claude' : 'scripted';
  const wished = wish.agent === 'mixed' ? mixed : wish.agent;
  return agents && !agents.includes(wished) ? (agents[0] as AgentName) : wished;
}

function momentOf(
  kind: KindName,
  agent: AgentName,
  index: number,
  { seed, sabotage }: Wish,
): Pick<PlannedFault, 'after' | 'delayMs'> {
  const random = createRandom(seed, 1, index);
  if (sabotage) return { after: 'started', delayMs: random.between(AIMED_MS.lowest, AIMED_MS.highest) };
  if (kindNamed(kind).meetsSending && random.between(1, 2) === 1)
    return { after: 'sending', delayMs: random.between(0, SENDING_MS) };
  const after = random.between(1, 4) === 1 ? 'acknowledged' : 'started';
  return { after, delayMs: random.between(0, LONGEST_DELAY_MS[agent]) };
}

/** Faults of one setting share scenes; those of single sessions share passes. */
function scenesOf(faults: readonly PlannedFault[], { seed, sabotage }: Wish): PlannedScene[] {
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
      .map((group) => planPass(group, seed, sabotage !== null));
    return inGroups(passes, PASSES_OF_A_SCENE).map((group) => ({
      agent,
      sandbox,
      smallDisk,
      sharedStore,
      passes: group,
    }));
  });
}

function planPass(faults: readonly PlannedFault[], seed: number, isAimed: boolean): PlannedPass {
  const { number, agent } = faults[0] as PlannedFault;
  const random = createRandom(seed, 3, number);
  return {
    faults,
    variant: isAimed ? longestVariant(agent) : chooseVariant(agent, random),
    secondAfterMs: random.between(0, LONGEST_DELAY_MS[agent]),
    seed: random.between(0, 0x7fffffff),
  };
}

function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
