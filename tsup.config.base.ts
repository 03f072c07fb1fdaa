import { defineConfig } from 'tsup';

/** The build of every published package: ESM for Node 20.19 and browsers, with types and source maps. */
export function library(entry: Record<string, string>) {
  return defineConfig({
    entry,
    format: 'esm',
    target: 'es2023',
    dts: true,
    sourcemap: true,
    clean: true,
  });
}
