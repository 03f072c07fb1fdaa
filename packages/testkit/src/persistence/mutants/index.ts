export type Mutant = never;
export const mutants: Mutant[] = [];
