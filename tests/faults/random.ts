import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Chance that a seed repeats. */
export interface Random {
  /** A whole number, both bounds included. */
  between(lowest: number, highest: number): number;
  pick<Item>(items: readonly Item[]): Item;
  shuffled<Item>(items: readonly Item[]): Item[];
}

/** @param seeds numbers that name this sequence: the run's seed, then what it is for */
export function createRandom(...seeds: readonly number[]): Random {
  // Mixed first, since neighbouring seeds of the generator begin alike.
  const seed = seeds.reduce(
    (mixed, each) => Math.imul(mixed ^ (each + 0x9e3779b9), 0x85ebca6b) | 0,
    0x27d4eb2f,
  );
  const generator = xoroshiro128plus(seed);
  for (let warm = 0; warm < 8; warm += 1) generator.next();
  const between = (lowest: number, highest: number) => uniformInt(generator, lowest, highest);
  return {
    between,
    pick(items) {
      return items[between(0, items.length - 1)] as (typeof items)[number];
    },
    shuffled(items) {
      const left = [...items];
      return items.map(() => left.splice(between(0, left.length - 1), 1)[0] as (typeof items)[number]);
    },
  };
}
