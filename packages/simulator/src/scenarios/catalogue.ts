import type { Scenario } from '../scenario/scenario.ts';
import { errorScenario } from './error.ts';
import { scriptScenario } from './script.ts';
import { recallScenario, slowScenario, textScenario, thinkingScenario } from './speech.ts';
import { subagentScenario } from './subagent.ts';
import {
  failScenario,
  longShellScenario,
  mcpScenario,
  parallelScenario,
  questionScenario,
  shellAndWriteScenario,
  shellScenario,
  writeScenario,
} from './tools.ts';

/** Every scenario, by the name its `sim:` line gives. */
export const scenarios: readonly Scenario[] = [
  textScenario,
  thinkingScenario,
  shellScenario,
  writeScenario,
  shellAndWriteScenario,
  parallelScenario,
  subagentScenario,
  slowScenario,
  longShellScenario,
  failScenario,
  questionScenario,
  errorScenario,
  mcpScenario,
  scriptScenario,
  recallScenario,
];

export function findScenario(name: string): Scenario | undefined {
  return scenarios.find((scenario) => scenario.name === name);
}
