import { parseArgs } from 'node:util';
import { KIND_NAMES, type KindName } from './kinds/kind.ts';
import { SABOTAGES, type Sabotage } from './sabotage.ts';

export interface FaultArguments {
  kills: number;
  seed: number;
  json: boolean;
  kinds: readonly KindName[] | null;
  agent: 'scripted' | 'claude' | 'mixed';
  sandbox: 'plain' | 'bubblewrap' | 'mixed';
  sabotage: Sabotage | null;
  /** How many scenes go on at the same time. */
  scenes: number;
  /** Ends after the pass that found something. */
  untilFound: boolean;
}

export const USAGE = `pnpm faults [--kills N] [--seed S] [--json] [--kinds a,b] [--agent scripted|claude|mixed]
            [--sandbox plain|bubblewrap|mixed] [--sabotage NAME] [--until-found] [--scenes AT-A-TIME]

kinds:     ${KIND_NAMES.join(' ')}
sabotages: ${SABOTAGES.join(' ')}`;

/** @throws an Error that says which argument is wrong */
export function readArguments(given: readonly string[]): FaultArguments {
  const { values } = parseArgs({
    args: given.filter((argument) => argument !== '--'),
    options: {
      kills: { type: 'string', default: '40' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      kinds: { type: 'string' },
      agent: { type: 'string', default: 'mixed' },
      sandbox: { type: 'string', default: 'mixed' },
      sabotage: { type: 'string' },
      scenes: { type: 'string', default: '2' },
      'until-found': { type: 'boolean', default: false },
    },
  });
  const kinds = values.kinds?.split(',').map((kind) => oneOf('--kinds', kind, KIND_NAMES));
  return {
    kills: wholeNumber('--kills', values.kills, 1),
    seed: wholeNumber('--seed', values.seed, 0),
    json: values.json,
    kinds: kinds ?? null,
    agent: oneOf('--agent', values.agent, ['scripted', 'claude', 'mixed'] as const),
    sandbox: oneOf('--sandbox', values.sandbox, ['plain', 'bubblewrap', 'mixed'] as const),
    sabotage: values.sabotage === undefined ? null : oneOf('--sabotage', values.sabotage, SABOTAGES),
    scenes: wholeNumber('--scenes', values.scenes, 1),
    untilFound: values['until-found'],
  };
}

function oneOf<Choice extends string>(name: string, value: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value);
  if (found) return found;
  throw new Error(`${name}: "${value}" is none of ${choices.join(', ')}`);
}

function wholeNumber(name: string, value: string, lowest: number): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= lowest) return number;
  throw new Error(`${name}: "${value}" is no whole number from ${lowest} on`);
}
