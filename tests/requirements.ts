import { BOUNDS } from './src/requirements/bounds.ts';
import { DEATHS } from './src/requirements/deaths.ts';
import { LAWS } from './src/requirements/laws.ts';
import type { Requirements } from './src/requirements/requirement.ts';
import { RUNS } from './src/requirements/runs.ts';

/**
 * Everything that the project promises, a sentence each that a test can prove. Tests cite ids in their title or in a comment
 * above them, as `[LAW-03-cursor-exact]`; `src/requirements/gate.test.ts` fails on a promise that nothing proves.
 */
export const requirements: Requirements = { ...LAWS, ...DEATHS, ...BOUNDS, ...RUNS };
