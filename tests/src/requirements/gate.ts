import type { Citation } from './citations.ts';
import type { Requirements } from './requirement.ts';

/** What is wrong between promises and proofs, a line each; empty when every promise is proved. */
export function faultsOf(requirements: Requirements, citations: readonly Citation[]): string[] {
  const cited = new Map(citations.map(({ id, at }) => [id, at]));
  const unproved = Object.entries(requirements)
    .filter(([id, { later }]) => later === undefined && !cited.has(id))
    .map(([id, { says }]) => `${id}: no test proves that ${says}`);
  const stale = Object.entries(requirements)
    .filter(([id, { later }]) => later !== undefined && cited.has(id))
    .map(([id]) => `${id}: ${cited.get(id)} proves it, so it is no longer "later"`);
  const unreasoned = Object.entries(requirements)
    .filter(([, { later }]) => later !== undefined && later.trim() === '')
    .map(([id]) => `${id}: "later" needs a reason`);
  const unknown = citations
    .filter(({ id }) => !Object.hasOwn(requirements, id))
    .map(({ id, at }) => `${id}: ${at} cites it, but there is no such requirement`);
  return [...unproved, ...stale, ...unreasoned, ...unknown];
}
