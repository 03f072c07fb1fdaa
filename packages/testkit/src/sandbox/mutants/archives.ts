import { Buffer } from 'node:buffer';
import { packTar, type TarEntry, unpackTar } from 'modern-tar';
import { finish } from '../programs.ts';
import { type SandboxMutant, sandboxMutant } from './mutant.ts';

/** The archive with its entries changed; null leaves one out. */
async function rewritten(
  archive: Uint8Array,
  change: (entry: TarEntry) => TarEntry | null,
): Promise<Uint8Array> {
  const entries = (await unpackTar(archive)).map(
    ({ header, data }): TarEntry => ({ header, body: data ?? null }),
  );
  return packTar(entries.map(change).filter((entry) => entry !== null));
}

export const archiveMutants: readonly SandboxMutant[] = [
  sandboxMutant('packs no empty files', 'archives-make-the-round-trip', ({ getTar }) => ({
    getTar: async (path) =>
      rewritten(await getTar(path), (entry) =>
        (entry.header.type ?? 'file') === 'file' && entry.header.size === 0 ? null : entry,
      ),
  })),
  sandboxMutant('packs no empty folders', 'archives-make-the-round-trip', ({ getTar }) => ({
    getTar: async (path) =>
      rewritten(await getTar(path), (entry) => (entry.header.type === 'directory' ? null : entry)),
  })),
  sandboxMutant('forgets modes', 'archives-make-the-round-trip', ({ getTar }) => ({
    getTar: async (path) =>
      rewritten(await getTar(path), (entry) => ({ ...entry, header: { ...entry.header, mode: 0o644 } })),
  })),
  sandboxMutant('unpacks for another user', 'unpacked-files-belong-to-the-sandbox', ({ putTar, exec }) => ({
    putTar: async (path, archive) => {
      await putTar(path, archive);
      // As root the owner can be another; elsewhere the file cannot even be looked at, which is as wrong.
      await finish(await exec(['sh', '-c', 'chown -R 4242 "$0"/* 2>/dev/null || rm -rf "$0"', path]));
    },
  })),
  sandboxMutant('clears the folder first', 'unpacking-keeps-what-is-there', ({ putTar, exec }) => ({
    putTar: async (path, archive) => {
      await finish(await exec(['sh', '-c', 'rm -rf "$0"/*', path]));
      await putTar(path, archive);
    },
  })),
  sandboxMutant('believes every name in an archive', 'hostile-archives-stay-in-their-folder', ({ exec }) => ({
    putTar: async (path, archive) => {
      await finish(await exec(['mkdir', '-p', path]));
      await finish(await exec(['tar', '-x', '-P', '-f', '-', '-C', path]), archive);
    },
  })),
  sandboxMutant('follows links when it packs', 'packing-does-not-follow-links', ({ exec }) => ({
    getTar: async (path) =>
      (await finish(await exec(['tar', '-c', '-h', '-f', '-', '-C', path, '.']))).stdout,
  })),
  sandboxMutant('cuts large archives', 'large-archives-pass', ({ getTar }) => ({
    getTar: async (path) => Buffer.from(await getTar(path)).fill(0, 5_000_000),
  })),
  sandboxMutant('takes anything for an archive', 'what-is-no-archive-is-refused', ({ putTar }) => ({
    putTar: (path, archive) => putTar(path, archive).catch(() => {}),
  })),
];
