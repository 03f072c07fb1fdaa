import { randomUUID } from 'node:crypto';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AgentServerError, LIMITS } from '@hhopkins/agent-protocol';
import { DEADLINES } from '../settings.ts';
import { fileError, locateEntry, makeParentFolder, TEMPORARY_PREFIX } from '../workspace/paths.ts';

/** A file that is being written into the workspace. It appears whole, in place of what was there. */
export interface Upload {
  /** Resolves when more may come. What is wrong is told by `done`. */
  write(bytes: Uint8Array): Promise<void>;
  end(): void;
  abort(): void;
  /** Resolves when the file stands. */
  readonly done: Promise<void>;
}

/** @param mode permission bits; without it those of the file that is replaced, or 0o644 */
export function startUpload(workspace: string, path: string, mode?: number): Upload {
  let size = 0;
  let settled = false;
  let timer: NodeJS.Timeout | undefined;
  let finish: (error?: AgentServerError) => void = () => {};
  const complete = new Promise<void>((resolve, reject) => {
    finish = (error) => {
      settled = true;
      clearTimeout(timer);
      if (error) reject(error);
      else resolve();
    };
  });
  const expectMore = () => {
    clearTimeout(timer);
    const late = () => finish(new AgentServerError('timeout', `no more bytes of ${path} came`));
    timer = setTimeout(late, DEADLINES.upload);
  };
  expectMore();

  const target = openTarget(workspace, path);
  let tail: Promise<unknown> = target;
  const done = place(target, complete, () => tail, path, mode).finally(() => {
    settled = true;
    clearTimeout(timer);
  });

  return {
    done,
    async write(bytes) {
      if (settled) return;
      expectMore();
      size += bytes.length;
      if (size > LIMITS.file) {
        return finish(
          new AgentServerError('payload_too_large', `${path} is larger than ${LIMITS.file} bytes`),
        );
      }
      tail = tail.then(async () => (await target).file.appendFile(bytes));
      await tail.catch((error: unknown) => finish(fileError(error, path)));
    },
    end: () => finish(),
    abort: () => finish(new AgentServerError('connection_lost', `the upload of ${path} was broken off`)),
  };
}

interface Target {
  file: FileHandle;
  temporary: string;
  final: string;
}

async function openTarget(workspace: string, path: string): Promise<Target> {
  const folder = await makeParentFolder(workspace, path);
  const temporary = join(folder, `${TEMPORARY_PREFIX}${randomUUID()}`);
  try {
    return { file: await open(temporary, 'wx', 0o600), temporary, final: join(folder, basename(path)) };
  } catch (error) {
    throw fileError(error, path);
  }
}

async function place(
  opening: Promise<Target>,
  complete: Promise<void>,
  written: () => Promise<unknown>,
  path: string,
  mode: number | undefined,
): Promise<void> {
  // Told by the `await` below, also when the target cannot be opened first.
  complete.catch(() => {});
  const { file, temporary, final } = await opening;
  try {
    await complete;
    await written();
    await file.chmod(mode ?? (await modeOf(final)) ?? 0o644);
    await file.sync();
    await file.close();
    await rename(temporary, final);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(temporary, { force: true });
    throw fileError(error, path);
  }
}

async function modeOf(path: string): Promise<number | undefined> {
  const stats = await lstat(path).catch(() => undefined);
  return stats?.isFile() ? stats.mode & 0o7777 : undefined;
}

/** Removes a file, or a link itself. */
export async function removeWorkspaceEntry(workspace: string, path: string): Promise<void> {
  const entry = await locateEntry(workspace, path);
  if ((await lstat(entry)).isDirectory()) {
    throw new AgentServerError('invalid_request', `${path} is a folder; only files can be deleted`);
  }
  await rm(entry, { force: true });
}
