import { readdir, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { AgentServerError, LIMITS } from '@hhopkins/agent-protocol';
import { createTarPacker, type TarPackController } from 'modern-tar';
import { openForReading, TEMPORARY_PREFIX } from '../workspace/paths.ts';

/** The content of a file. @throws AgentServerError `file_not_found`, `payload_too_large`, `invalid_request` */
export async function* readWorkspaceFile(workspace: string, path: string): AsyncGenerator<Uint8Array> {
  const file = await openForReading(workspace, path);
  try {
    const { size } = await file.stat();
    if (size > LIMITS.file) {
      throw new AgentServerError(
        'payload_too_large',
        `${path} has ${size} bytes; at most ${LIMITS.file} are given`,
      );
    }
    yield* file.createReadStream({ autoClose: false, highWaterMark: LIMITS.streamChunk });
  } finally {
    await file.close();
  }
}

/**
 * The workspace as a tar archive, its history included. Links that lead out of the workspace are left out, and so are the
 * ignored names, but for `.git`.
 */
export async function* tarOfWorkspace(
  workspace: string,
  ignored: readonly string[],
): AsyncGenerator<Uint8Array> {
  const leftOut = new Set(ignored.filter((name) => name !== '.git'));
  const { readable, controller } = createTarPacker();
  const packed = pack(workspace, leftOut, controller).then(
    () => controller.finalize(),
    (error: unknown) => controller.error(error),
  );
  yield* readable;
  await packed;
}

async function pack(workspace: string, leftOut: ReadonlySet<string>, tar: TarPackController): Promise<void> {
  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(join(workspace, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (leftOut.has(entry.name) || entry.name.startsWith(TEMPORARY_PREFIX)) continue;
      const name = posix.join(folder, entry.name);
      if (entry.isDirectory()) {
        await tar.add({ name: `${name}/`, type: 'directory', size: 0 }).close();
        await visit(name);
      } else if (entry.isFile()) {
        await packFile(workspace, name, tar);
      } else if (entry.isSymbolicLink()) {
        const linkname = await readlink(join(workspace, name)).catch(() => '/');
        const target = posix.normalize(posix.join(folder, linkname));
        if (posix.isAbsolute(linkname) || target === '..' || target.startsWith('../')) continue;
        await tar.add({ name, type: 'symlink', size: 0, linkname }).close();
      }
    }
  };
  await visit('');
}

/** A file as long as it was when its turn came: what is written meanwhile is not waited for, what is cut is zeros. */
async function packFile(workspace: string, name: string, tar: TarPackController): Promise<void> {
  const file = await openForReading(workspace, name).catch(() => undefined);
  if (!file) return;
  try {
    const { size, mode, mtime } = await file.stat();
    const writer = tar.add({ name, size, mode: mode & 0o7777, mtime }).getWriter();
    let left = size;
    while (left > 0) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(left, LIMITS.streamChunk)));
      const chunk = bytesRead > 0 ? buffer.subarray(0, bytesRead) : buffer;
      await writer.write(chunk);
      left -= chunk.length;
    }
    await writer.close();
  } finally {
    await file.close();
  }
}
