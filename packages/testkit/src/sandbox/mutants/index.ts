import { archiveMutants } from './archives.ts';
import { capabilityMutants } from './capabilities.ts';
import { lifetimeMutants } from './lifetime.ts';
import type { SandboxMutant } from './mutant.ts';
import { programMutants } from './programs.ts';
import { streamMutants } from './streams.ts';

export type { SandboxMutant } from './mutant.ts';

/** Broken providers, made of a good one. Each must fail the case that it names, or the kit is too lenient. */
export const sandboxMutants: readonly SandboxMutant[] = [
  ...streamMutants,
  ...programMutants,
  ...archiveMutants,
  ...lifetimeMutants,
  ...capabilityMutants,
];
