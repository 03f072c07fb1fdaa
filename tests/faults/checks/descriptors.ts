import { readdirSync, readlinkSync } from 'node:fs';
import { type Finding, stuck } from '../finding.ts';
import { RELAY, RUNNER, SERVER } from '../kinds/means.ts';
import type { Scene } from '../scene.ts';
import type { FaultSession } from '../session.ts';
import { until } from '../wait.ts';

/** What a resting process may have open beyond the least that its like had: a connection that is about to be closed. */
const TOLERANCE = 4;
/** What a server has open for each sandbox: the three ends of its runner's connection. */
const OF_A_SANDBOX = 3;
/** Connections that nobody uses are closed after five seconds. */
const SETTLE_MS = 30_000;
const SHOWN = 40;

interface Role {
  role: string;
  command: RegExp;
  ofASandbox: number;
}

const ROLES: readonly Role[] = [
  { role: 'server', command: SERVER, ofASandbox: OF_A_SANDBOX },
  { role: 'relay', command: RELAY, ofASandbox: 0 },
  { role: 'runner', command: RUNNER, ofASandbox: 0 },
];

/** The open file descriptors of a scene's programs, from one rest to the next. */
export interface DescriptorBook {
  /** At rest nobody has more of them than its like had at the rest before, or at the beginning. */
  check(): Promise<Finding[]>;
}

/** What is used of a scene. */
type WatchedScene = Pick<Scene, 'processes'> & { sessions: readonly Pick<FaultSession, 'sandboxId'>[] };

/** To be opened when the scene's clients are there. */
export function openDescriptorBook(scene: WatchedScene, settleMs = SETTLE_MS): DescriptorBook {
  /** The least that one in this role had open at rest, its sandboxes left out. */
  const least = new Map<string, number>();

  const look = ({ role, command, ofASandbox }: Role) => {
    const sandboxes = scene.sessions.filter((session) => session.sandboxId() !== undefined).length;
    const ofSandboxes = ofASandbox * sandboxes;
    const found = scene
      .processes()
      .filter((each) => command.test(each.command))
      .map((process) => ({ process, open: descriptorsOf(process.pid) }))
      .filter(({ open }) => open.length > 0);
    const known = Math.min(
      least.get(role) ?? Infinity,
      ...found.map(({ open }) => open.length - ofSandboxes),
    );
    least.set(role, known);
    const most = known + ofSandboxes + TOLERANCE;
    return found.filter(({ open }) => open.length > most).map((each) => ({ ...each, most }));
  };
  const over = () => ROLES.flatMap(look);
  over();
  return {
    async check() {
      try {
        await until('only what is needed is open', settleMs, () => over().length === 0);
        return [];
      } catch {
        return over().map(({ process: { pid, command }, open, most }) =>
          stuck(
            `${pid} ${command.slice(0, 80)} has ${open.length} descriptors open, above ${most}: ${list(open)}`,
          ),
        );
      }
    },
  };
}

/** What the process has open; nothing when it is gone. */
function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((number) => {
      try {
        return [readlinkSync(`${folder}/${number}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

const list = (open: readonly string[]): string =>
  `${[...open].sort().slice(0, SHOWN).join(' ')}${open.length > SHOWN ? ' …' : ''}`;
