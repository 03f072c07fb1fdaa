import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentServerError } from '@hhopkins/agent-protocol';

const SECRET_BYTES = 32;

/**
 * What the tokens of sandboxes are signed with: kept in a file, so that those in running sandboxes stay good over a restart.
 * The first server makes it.
 *
 * @throws `invalid_configuration` when the file holds something else
 */
export async function loadRelaySecret(file: string): Promise<Buffer> {
  await mkdir(dirname(file), { recursive: true, mode: 0o711 });
  const draft = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await writeFile(draft, randomBytes(SECRET_BYTES), { mode: 0o600, flag: 'wx' });
  try {
    // Whole or not at all, and never over the secret of another server that was quicker.
    await link(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await chmod(file, 0o600);
  const secret = await readFile(file);
  if (secret.length === SECRET_BYTES) return secret;
  throw new AgentServerError(
    'invalid_configuration',
    `${file} must hold ${SECRET_BYTES} bytes, not ${secret.length}. Remove it: the sessions that run now lose their model, new sandboxes get new tokens.`,
  );
}
