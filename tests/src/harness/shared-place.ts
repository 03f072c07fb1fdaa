import { afterAll, beforeAll } from 'vitest';
import { openPlace, type Place, type PlaceOptions } from './place.ts';

/** One running server for the tests of a group, each with sessions of its own. Nothing of it may be left at the end. */
export function sharedPlace(options: PlaceOptions | (() => Promise<PlaceOptions>)): () => Place {
  let place: Place | undefined;
  beforeAll(async () => {
    place = await openPlace(typeof options === 'function' ? await options() : options);
    await place.start();
  });
  afterAll(() => place?.close());
  return () => {
    if (!place) throw new Error('the server did not start');
    return place;
  };
}
