import { type Case, describeCases } from '../kit.ts';
import { archiveCases } from './cases/archives.ts';
import { capabilityCases } from './cases/capabilities.ts';
import { lifetimeCases } from './cases/lifetime.ts';
import { programCases } from './cases/programs.ts';
import { streamCases } from './cases/streams.ts';
import { type SandboxContext, type SandboxKit, sandboxSetup } from './context.ts';

export { type Case, type CaseResult, runCases } from '../kit.ts';
export {
  type ForeignSandbox,
  type SandboxContext,
  type SandboxKit,
  sandboxSetup,
} from './context.ts';
export { type SandboxMutant, sandboxMutants } from './mutants/index.ts';
export { collect, type Finished, finish, reader, runScript, startScript, untilFile } from './programs.ts';

/** What is asked of every sandbox provider; what a provider cannot do by its capabilities is skipped with that reason. */
export const sandboxCases: readonly Case<SandboxContext>[] = [
  ...streamCases,
  ...programCases,
  ...archiveCases,
  ...lifetimeCases,
  ...capabilityCases,
];

/**
 * Declares the conformance suite of a sandbox provider in vitest.
 *
 * @example
 * describeSandboxProvider({ name: 'mine', createProvider: () => mySandboxes({ url }) });
 */
export function describeSandboxProvider(kit: SandboxKit): void {
  describeCases(`${kit.name}: sandboxes`, sandboxCases, sandboxSetup(kit), kit.skip);
}
