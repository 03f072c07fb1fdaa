// The root adds React to the core; whoever needs no framework imports `./core`.
export * from './core.ts';
