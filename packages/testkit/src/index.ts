/** How cases are declared and run. The kits themselves are entries of their own: `./persistence`, `./sandbox`, `./transport`. */
export {
  type Case,
  type CaseResult,
  type CaseSetup,
  type CaseSkips,
  describeCases,
  runCases,
} from './kit.ts';
