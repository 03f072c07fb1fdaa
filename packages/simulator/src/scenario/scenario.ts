import type { OptionReader } from './options.ts';
import type { Prompt } from './prompt.ts';
import type { Step } from './step.ts';

export interface PlanInput {
  options: OptionReader;
  prompt: Prompt;
  /** How often this very request was already answered with a failure. */
  failures: number;
  /** Reads a script file of the simulator's own disk. */
  readScript(path: string): Promise<Step[]>;
}

/** A named behaviour: the list of assistant steps that answer one prompt. Planning it is pure and repeatable. */
export interface Scenario {
  name: string;
  /** One line that shows it at work. */
  example: string;
  plan(input: PlanInput): Step[] | Promise<Step[]>;
}
