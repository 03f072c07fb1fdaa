import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startTimeOf } from './processes/table.ts';

/** The right to be the one runner of a state folder. The operating system takes it back when the process dies. */
export interface Lock {
  release(): Promise<void>;
}

/** Null when another process holds it. */
export async function acquireLock(stateFolder: string): Promise<Lock | null> {
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  const folder = await realpath(stateFolder);
  return process.platform === 'linux' ? lockByName(folder) : lockByProcess(join(folder, 'runner.pid'));
}

/**
 * A socket in Linux's abstract namespace: nothing on disk, gone with the process. Its name holds a secret of the folder,
 * so that nobody else can take it.
 */
async function lockByName(folder: string): Promise<Lock | null> {
  const secret = await secretOf(join(folder, 'lock-id'));
  const name = createHash('sha256').update(`${folder}\n${secret}`).digest('hex');
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(`\0agent-runner-${name}`, () => {
      server.unref();
      resolve({ release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

/** The file's content, made by whoever comes first. */
async function secretOf(path: string): Promise<string> {
  const draft = `${path}.${randomUUID()}.tmp`;
  await writeFile(draft, randomUUID(), { mode: 0o600, flag: 'wx' });
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft, { force: true });
  return readFile(path, 'utf8');
}

/** Elsewhere: a file with the process and its start time, which counts only while that very process lives. */
async function lockByProcess(path: string): Promise<Lock | null> {
  const mine = JSON.stringify({ pid: process.pid, startTime: await startTimeOf(process.pid) });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(mine);
      await file.close();
      return { release: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await readHolder(path);
    if (holder && (await startTimeOf(holder.pid)) === holder.startTime) return null;
    await rm(path, { force: true });
  }
  return null;
}

async function readHolder(path: string): Promise<{ pid: number; startTime: string | undefined } | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as { pid: number; startTime: string | undefined };
  } catch {
    return null;
  }
}
