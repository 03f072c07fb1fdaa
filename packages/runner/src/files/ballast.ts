import { randomBytes } from 'node:crypto';
import { open, rm, stat } from 'node:fs/promises';

/** Room on a disk that is held by a file, to be given back for what must still be written when the disk is full. */
export interface Ballast {
  /** Holds the room. False when the disk has none. */
  lay(): Promise<boolean>;
  /** Gives the room back. False when none was held. */
  release(): Promise<boolean>;
}

/** @param bytes how much room it holds */
export function createBallast(path: string, bytes: number): Ballast {
  return {
    async lay() {
      const held = await stat(path).catch(() => undefined);
      if (held?.size === bytes) return true;
      try {
        const file = await open(path, 'w', 0o600);
        try {
          // Nothing that a file system could store as a hole, or compress.
          await file.writeFile(randomBytes(bytes));
          await file.sync();
        } finally {
          await file.close();
        }
        return true;
      } catch (error) {
        await rm(path, { force: true });
        if (isOutOfSpace(error)) return false;
        throw error;
      }
    },
    async release() {
      try {
        await rm(path);
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** Whether a disk, or a quota on it, is full. */
export const isOutOfSpace = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException | undefined)?.code ?? '');

/** Does `work`, and once more when the disk was full and `makeRoom` made some. */
export async function withRoom<Result>(
  makeRoom: () => Promise<boolean>,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isOutOfSpace(error) || !(await makeRoom())) throw error;
    return work();
  }
}
