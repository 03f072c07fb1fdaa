import { type Finding, stuck } from '../finding.ts';
import { AGENT, RELAY, RUNNER, SERVER } from '../kinds/means.ts';
import type { Scene } from '../scene.ts';
import { until } from '../wait.ts';

const SETTLE_MS = 20_000;

/** Nothing is left of what died: a runner and an agent a session at most, and one server. */
export async function checkProcesses(scene: Scene): Promise<Finding[]> {
  const sessions = scene.sessions.length;
  const limits = [
    { what: 'servers', command: SERVER, most: 1 },
    { what: 'relays', command: RELAY, most: 1 },
    { what: 'runners', command: RUNNER, most: sessions },
    { what: 'agents', command: AGENT, most: sessions },
  ];
  const over = () =>
    limits.flatMap(({ what, command, most }) => {
      const found = scene.processes().filter((each) => command.test(each.command));
      return found.length > most ? [`${found.length} ${what} for ${sessions} sessions`] : [];
    });
  try {
    await until('only what is needed runs', SETTLE_MS, () => over().length === 0);
    return [];
  } catch {
    return over().map((what) => stuck(`left behind: ${what}`));
  }
}
