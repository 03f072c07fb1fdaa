import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

/** Bytes. */
const LIMIT = 15_000;

/** As a page gets it, with all that it pulls in. A Node built-in would not resolve for browsers and fail the build. */
const bundle = () =>
  build({
    entryPoints: [join(import.meta.dirname, 'core.ts')],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    conditions: ['@hhopkins/source'],
  });

it('the core with all that it pulls in is below 15 kB, minified and gzipped', async () => {
  const { outputFiles } = await bundle();
  expect(gzipSync(outputFiles[0]?.contents ?? '').byteLength).toBeLessThan(LIMIT);
});

it('the core pulls in nothing but the protocol, without its schemas', async () => {
  const { metafile } = await bundle();
  const inputs = Object.keys(metafile.inputs);
  expect(
    inputs.filter((input) => !/^(.*\/)?packages\/(client|protocol)\/src\//.test(join(process.cwd(), input))),
  ).toEqual([]);
  expect(inputs.filter((input) => /zod|schemas/.test(input))).toEqual([]);
});
