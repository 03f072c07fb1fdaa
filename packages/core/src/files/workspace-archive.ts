import type { WorkspaceFile } from '@hhopkins/agent-protocol';
import { packTar, type TarEntry } from 'modern-tar';
import { fromBase64, toBase64 } from '../support/base64.ts';

/** A file's bytes. */
export const bytesOf = (file: Pick<WorkspaceFile, 'content' | 'encoding'>): Uint8Array =>
  file.encoding === 'base64' ? fromBase64(file.content) : new TextEncoder().encode(file.content);

/** Bytes as a stored file: as text where they are valid UTF-8 without NUL, which databases refuse in text. */
export function toWorkspaceFile(
  path: string,
  bytes: Uint8Array,
  modifiedAt: string,
  mode?: number,
): WorkspaceFile {
  const common = { path, size: bytes.length, modifiedAt, ...(mode === undefined ? {} : { mode }) };
  if (!bytes.includes(0)) {
    try {
      const content = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      return { ...common, content, encoding: 'utf8' };
    } catch {
      // Not text.
    }
  }
  return { ...common, content: toBase64(bytes), encoding: 'base64' };
}

const DEFAULT_MODE = 0o644;

/** Files as a tar archive with relative names. */
export function archiveOf(
  files: readonly {
    path: string;
    bytes: Uint8Array;
    mode?: number | undefined;
    modifiedAt?: string | undefined;
  }[],
): Promise<Uint8Array> {
  const entries = files.map(
    ({ path, bytes, mode, modifiedAt }): TarEntry => ({
      header: {
        name: path,
        size: bytes.length,
        type: 'file',
        mode: mode ?? DEFAULT_MODE,
        mtime: modifiedAt ? new Date(modifiedAt) : new Date(0),
      },
      body: bytes,
    }),
  );
  return packTar(entries);
}
