import { ScenarioProblem } from '../scenario/options.ts';
import type { Scenario } from '../scenario/scenario.ts';

/** Plays the steps of a JSON file on the simulator's own disk. */
export const scriptScenario: Scenario = {
  name: 'script',
  example: 'sim:script file=steps.json',
  plan({ options, readScript }) {
    const file = options.optionalText('file');
    if (!file) throw new ScenarioProblem('file= is missing; it names the JSON file with the steps.');
    return readScript(file);
  },
};
