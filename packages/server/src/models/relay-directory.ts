import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AgentServerError } from '@hhopkins/agent-protocol';
import { socketsFit } from '@hhopkins/agent-relay';

/**
 * The folder itself, or, when its path is too long for a socket's address, one in the system's temporary folder that is always the
 * same for it.
 *
 * @throws `invalid_configuration` when that is too long as well, or belongs to somebody else
 */
export async function relayDirectory(wanted: string, temporary: string = tmpdir()): Promise<string> {
  const directory = resolve(wanted);
  if (socketsFit(directory)) return directory;
  const hash = createHash('sha256').update(directory).digest('hex').slice(0, 16);
  const short = join(temporary, `agent-relay-${hash}`);
  if (!socketsFit(short)) {
    throw new AgentServerError(
      'invalid_configuration',
      `The relay needs a folder with a short path, and neither ${directory} nor ${short} is. Set TMPDIR to a shorter one.`,
    );
  }
  await makeOwn(short);
  return short;
}

/** Everybody may make folders there, so one that exists is only taken when nobody else can have put anything into it. */
async function makeOwn(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o711 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const found = await lstat(folder);
  const isOwn = found.isDirectory() && found.uid === process.geteuid?.() && (found.mode & 0o022) === 0;
  if (isOwn) return;
  throw new AgentServerError(
    'invalid_configuration',
    `${folder} is not a folder of this user alone. Remove it, or set TMPDIR to a folder of your own.`,
  );
}
