/** Ways to break the product that the harness must notice. What each stands for is told in docs/reliability.md. */
export const SABOTAGES = [
  'skip-fsync',
  'publish-before-commit',
  'drop-dedupe',
  'no-fence',
  'no-reconcile',
] as const;
export type Sabotage = (typeof SABOTAGES)[number];
