import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { EVENT_PAYLOADS } from './events.ts';
import { EVENT_TYPES } from './light.ts';

it('the light entry pulls in no package and no Node built-in', async () => {
  const { metafile } = await build({
    entryPoints: [join(import.meta.dirname, 'light.ts')],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
  });
  const foreign = Object.keys(metafile.inputs).filter((input) => input.includes('node_modules'));
  expect(foreign).toEqual([]);
});

it('knows the same types of events as the schemas', () => {
  expect(EVENT_TYPES.toSorted()).toEqual(Object.keys(EVENT_PAYLOADS).toSorted());
});
