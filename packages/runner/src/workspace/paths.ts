import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { AgentServerError } from '@hhopkins/agent-protocol';

/** Names of the runner's own temporary files in the workspace; they are never listed. */
export const TEMPORARY_PREFIX = '.agent-runner-';

const outside = (path: string) =>
  new AgentServerError('invalid_request', `${path} leads out of the workspace through a symbolic link`);

const isBelow = (folder: string, path: string) => path === folder || path.startsWith(folder + sep);

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

/** The error that the system's stands for. */
export function fileError(error: unknown, path: string): AgentServerError {
  if (AgentServerError.isInstance(error)) return error;
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new AgentServerError('file_not_found', `there is no file ${path} in the workspace`);
    case 'EISDIR':
    case 'ELOOP':
    case 'ENXIO':
    case 'ENAMETOOLONG':
      return new AgentServerError('invalid_request', `${path} is not a file, or cannot be one`);
    default:
      return new AgentServerError('internal', `${path}: ${codeOf(error) ?? 'unknown error'}`, {
        cause: error,
      });
  }
}

/**
 * Opens a regular file for reading, wherever links inside the workspace lead.
 *
 * @throws AgentServerError `file_not_found`; `invalid_request` for what is no regular file or lies outside
 */
export async function openForReading(workspace: string, path: string): Promise<FileHandle> {
  try {
    const root = await realpath(workspace);
    const real = await realpath(join(root, path));
    if (!isBelow(root, real)) throw outside(path);
    // Non-blocking: a pipe must not hold up the runner.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(real, flags);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw new AgentServerError('invalid_request', `${path} is not a regular file`);
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * The real folder that a file is to be put into, made when it is missing.
 *
 * @throws AgentServerError `invalid_request` when it lies outside, or a file is in the way
 */
export async function makeParentFolder(workspace: string, path: string): Promise<string> {
  try {
    let folder = await realpath(workspace);
    const root = folder;
    const parent = dirname(path);
    for (const segment of parent === '.' ? [] : parent.split('/')) {
      const next = join(folder, segment);
      await mkdir(next).catch((error: unknown) => {
        if (codeOf(error) !== 'EEXIST') throw error;
      });
      folder = await realpath(next);
      if (!isBelow(root, folder)) throw outside(path);
      if (!(await lstat(folder)).isDirectory()) {
        throw new AgentServerError('invalid_request', `${segment} in ${path} is a file, not a folder`);
      }
    }
    return folder;
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * The real path of an existing entry, its last segment not followed, so that a link itself can be removed.
 *
 * @throws AgentServerError `file_not_found`, or `invalid_request` when it lies outside
 */
export async function locateEntry(workspace: string, path: string): Promise<string> {
  try {
    const root = await realpath(workspace);
    const folder = await realpath(join(root, dirname(path)));
    if (!isBelow(root, folder)) throw outside(path);
    const entry = join(folder, path.slice(path.lastIndexOf('/') + 1));
    await lstat(entry);
    return entry;
  } catch (error) {
    throw fileError(error, path);
  }
}
