import { test as base } from 'vitest';
import { openPlace, type Place, type PlaceOptions } from './place.ts';

/** A test with a way to open places; they are closed after it, and nothing may be left of them. */
export const test = base.extend<{ open: (options?: PlaceOptions) => Promise<Place> }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
  open: async ({}, use) => {
    const places: Place[] = [];
    await use(async (options) => {
      const place = await openPlace(options);
      places.push(place);
      return place;
    });
    const endings = await Promise.allSettled(places.map((place) => place.close()));
    for (const ending of endings) if (ending.status === 'rejected') throw ending.reason;
  },
});
